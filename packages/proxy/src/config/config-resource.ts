/** Resources as the proxy holds them: decoded, with the JSON they came as and what is needed to talk about them. */
import {
  decodeCluster,
  decodeClusterLoadAssignment,
  decodeExtensionConfig,
  decodeListener,
  decodeRouteConfiguration,
  decodeSecret,
  decodeVirtualHost,
  typeUrls,
  type Cluster,
  type ClusterLoadAssignment,
  type DecodeOptions,
  type ExtensionConfig,
  type Listener,
  type RouteConfiguration,
  type Secret,
  type VirtualHost,
} from '@sluice/resources';
import type { Checked } from '@sluice/kernel';

/** One resource that was accepted. Keeps its identity until its content changes. */
export interface ConfigResource<T> {
  readonly typeUrl: string;
  readonly name: string;
  /** Content hash. */
  readonly version: string;
  /** The version of the type with which it came; empty for static ones. */
  readonly versionInfo: string;
  /** Canonical JSON with proto names, as it came. */
  readonly json: unknown;
  readonly value: T;
  /** Given by the bootstrap: cannot be changed or removed by anybody. */
  readonly isStatic: boolean;
  /** What leads the paths of problems found in it later: its place in the bootstrap; empty for dynamic ones. */
  readonly path: string;
  /** When it was accepted, in ms since the epoch. */
  readonly updatedWallTime: number;
}

/** Everything a proxy is configured by, at one moment. Maps that did not change are the same maps as before. */
export interface ConfigSnapshot {
  /** Of the content: equal ones are equal. */
  readonly version: string;
  readonly listeners: ReadonlyMap<string, ConfigResource<Listener>>;
  readonly routes: ReadonlyMap<string, ConfigResource<RouteConfiguration>>;
  /** By the names of discovery: of the table, a slash, a domain. */
  readonly virtualHosts: ReadonlyMap<string, ConfigResource<VirtualHost>>;
  readonly clusters: ReadonlyMap<string, ConfigResource<Cluster>>;
  readonly assignments: ReadonlyMap<string, ConfigResource<ClusterLoadAssignment>>;
  readonly secrets: ReadonlyMap<string, ConfigResource<Secret>>;
  /** Settings of filters that come by themselves. */
  readonly extensions: ReadonlyMap<string, ConfigResource<ExtensionConfig>>;
  /** New clusters whose secrets have not come: their requests wait. Absent: none. */
  readonly awaitingSecrets?: ReadonlySet<string>;
}

/** The model of each kind of resource. */
export interface ResourceModels {
  readonly listener: Listener;
  readonly routeConfiguration: RouteConfiguration;
  readonly virtualHost: VirtualHost;
  readonly cluster: Cluster;
  readonly clusterLoadAssignment: ClusterLoadAssignment;
  readonly secret: Secret;
  readonly extensionConfig: ExtensionConfig;
}

export type ResourceKind = keyof ResourceModels;

export const resourceKinds: readonly ResourceKind[] = ['listener', 'routeConfiguration', 'virtualHost', 'cluster', 'clusterLoadAssignment', 'secret', 'extensionConfig'];

/** How each kind is decoded. */
export const decoders: {
  readonly [Kind in ResourceKind]: (json: unknown, path: string, options: DecodeOptions) => Checked<ResourceModels[Kind]>;
} = {
  listener: decodeListener,
  routeConfiguration: decodeRouteConfiguration,
  virtualHost: decodeVirtualHost,
  cluster: decodeCluster,
  clusterLoadAssignment: decodeClusterLoadAssignment,
  secret: decodeSecret,
  extensionConfig: decodeExtensionConfig,
};

/** The kind of a type URL; undefined for types outside our subset. */
export function kindOf(typeUrl: string): ResourceKind | undefined {
  switch (typeUrl) {
    case typeUrls.listener:
      return 'listener';
    case typeUrls.routeConfiguration:
      return 'routeConfiguration';
    case typeUrls.virtualHost:
      return 'virtualHost';
    case typeUrls.cluster:
      return 'cluster';
    case typeUrls.clusterLoadAssignment:
      return 'clusterLoadAssignment';
    case typeUrls.secret:
      return 'secret';
    case typeUrls.extensionConfig:
      return 'extensionConfig';
    default:
      return undefined;
  }
}
