/** Where a cluster's endpoints come from: its `type` or `cluster_type`, with what that asks for. */
import { readClusterLoadAssignment, type ClusterLoadAssignment } from './cluster-load-assignment.ts';
import { readConfigSource, type ConfigSource } from './config-source.ts';
import { MessageReader, isObject } from './decode/message-reader.ts';
import { decodeNonEmptyString, listNames } from './decode/scalars.ts';
import type { Scope } from './decode/scope.ts';
import { openTypedConfig, type TypedConfig } from './decode/typed-config.ts';
import { readOriginalDstSettings, type OriginalDstSettings } from './original-dst-settings.ts';
import { readDnsCluster, readDnsSettings, type DnsSettings } from './dns-settings.ts';

export type EndpointDiscovery =
  | { readonly kind: 'STATIC'; readonly assignment: ClusterLoadAssignment }
  /** Each address of each name is a host. */
  | { readonly kind: 'STRICT_DNS'; readonly assignment: ClusterLoadAssignment; readonly dns: DnsSettings }
  /** One name is one host, whatever it stands for at the moment. */
  | { readonly kind: 'LOGICAL_DNS'; readonly assignment: ClusterLoadAssignment; readonly dns: DnsSettings }
  /** Each request says where it goes, or its connection does. */
  | ({ readonly kind: 'ORIGINAL_DST' } & OriginalDstSettings)
  /** Other clusters, in the order in which they are tried. */
  | { readonly kind: 'AGGREGATE'; readonly clusters: readonly string[] }
  /** `serviceName` is the name of the assignment to subscribe to. */
  | { readonly kind: 'EDS'; readonly serviceName: string; readonly configSource: ConfigSource | undefined };

type Kind = Exclude<EndpointDiscovery['kind'], 'AGGREGATE'>;

const kinds = ['STATIC', 'STRICT_DNS', 'LOGICAL_DNS', 'EDS', 'ORIGINAL_DST'] as const;

/** Names that `cluster_type` may bear in place of a `type`. */
const typeNames: Readonly<Record<string, Kind>> = {
  'envoy.cluster.static': 'STATIC',
  'envoy.cluster.strict_dns': 'STRICT_DNS',
  'envoy.cluster.logical_dns': 'LOGICAL_DNS',
  'envoy.cluster.eds': 'EDS',
  'envoy.cluster.original_dst': 'ORIGINAL_DST',
};

const dnsClusterName = 'envoy.cluster.dns';
const dnsClusterTypeName = 'envoy.extensions.clusters.dns.v3.DnsCluster';

const aggregateName = 'envoy.clusters.aggregate';
const aggregateTypeName = 'envoy.extensions.clusters.aggregate.v3.ClusterConfig';

/** What of the cluster each kind is made from. */
interface DiscoveryFields {
  readonly name: string;
  readonly assignment: ClusterLoadAssignment | undefined;
  readonly eds: { readonly serviceName: string; readonly configSource: ConfigSource | undefined } | undefined;
  readonly dns: DnsSettings;
  readonly originalDst: OriginalDstSettings;
}

export function readDiscovery(reader: MessageReader, name: string): EndpointDiscovery | undefined {
  const { scope } = reader;
  const which = reader.oneof(['type', 'cluster_type'], false);
  const fields: DiscoveryFields = {
    name,
    assignment: reader.read('load_assignment', (json, at) => readOwnAssignment(json, at, name)),
    eds: reader.read('eds_cluster_config', readEdsClusterConfig),
    dns: readDnsSettings(reader),
    originalDst: readOriginalDstSettings(reader),
  };
  const kind = reader.enum('type', kinds, 'STATIC');
  if (which === 'cluster_type') return reader.read('cluster_type', (json, at) => readClusterType(json, at, scope, fields));
  return discoveryOf(kind, scope, fields);
}

function discoveryOf(kind: Kind, scope: Scope, { name, assignment, eds, dns, originalDst }: DiscoveryFields): EndpointDiscovery | undefined {
  if (kind !== 'EDS' && eds) scope.at('eds_cluster_config').error(`is set, but type is ${kind}`);
  if ((kind === 'EDS' || kind === 'ORIGINAL_DST') && assignment) scope.at('load_assignment').error(`is set, but type is ${kind}`);
  switch (kind) {
    case 'STATIC':
      return { kind, assignment: assignment ?? emptyAssignment(name) };
    case 'STRICT_DNS':
      if (!assignment && !scope.hasErrors) scope.at('load_assignment').error('is required for STRICT_DNS');
      return { kind, assignment: assignment ?? emptyAssignment(name), dns };
    case 'LOGICAL_DNS':
      if (assignment || !scope.hasErrors) checkLogical(assignment, scope);
      return { kind, assignment: assignment ?? emptyAssignment(name), dns };
    case 'ORIGINAL_DST':
      return { kind, ...originalDst };
    case 'EDS':
      return { kind, serviceName: eds?.serviceName || name, configSource: eds?.configSource };
  }
}

/** `CustomClusterType`: by its name, and for `DnsCluster` by its type. */
function readClusterType(json: unknown, scope: Scope, cluster: Scope, fields: DiscoveryFields): EndpointDiscovery | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const typeName = reader.requiredString('name');
  const typed = reader.read('typed_config', openTypedConfig);
  reader.done();
  if (typed?.typeName === aggregateTypeName) return readAggregate(typed);
  if (typeName === dnsClusterName || typed?.typeName === dnsClusterTypeName) return readDnsDiscovery(typed, scope, cluster, fields);
  const kind = typeNames[typeName];
  if (kind !== undefined) return discoveryOf(kind, cluster, fields);
  scope.at('name').error(`is ${typeName}, must be ${listNames([...Object.keys(typeNames), dnsClusterName, aggregateName])}`);
  return undefined;
}

function readDnsDiscovery(typed: TypedConfig | undefined, scope: Scope, cluster: Scope, fields: DiscoveryFields): EndpointDiscovery | undefined {
  if (typed?.typeName !== dnsClusterTypeName) {
    scope.at('typed_config').error(`must be ${dnsClusterTypeName}`);
    return undefined;
  }
  const dns = readDnsCluster(typed.json, typed.scope, fields.dns.waitsForFirst);
  return dns && discoveryOf(dns.isLogical ? 'LOGICAL_DNS' : 'STRICT_DNS', cluster, { ...fields, dns: dns.settings });
}

function readAggregate({ json, scope }: TypedConfig): EndpointDiscovery | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const clusters = reader.list('clusters', decodeNonEmptyString);
  reader.done();
  if (clusters.length === 0) scope.at('clusters').error('is required');
  return { kind: 'AGGREGATE', clusters };
}

/** One host cannot be two names. */
function checkLogical(assignment: ClusterLoadAssignment | undefined, scope: Scope): void {
  const endpoints = assignment?.localities.reduce((sum, locality) => sum + locality.endpoints.length, 0) ?? 0;
  if (endpoints !== 1) scope.at('load_assignment').error(`has ${endpoints} endpoints, must have one for LOGICAL_DNS`);
}

/** An assignment inside its cluster: the name may be left out, since there is only one it can be. */
function readOwnAssignment(json: unknown, scope: Scope, name: string): ClusterLoadAssignment | undefined {
  const isNamed = !isObject(json) || 'cluster_name' in json || 'clusterName' in json;
  return readClusterLoadAssignment(isNamed ? json : { ...json, cluster_name: name }, scope);
}

function emptyAssignment(clusterName: string): ClusterLoadAssignment {
  return { clusterName, localities: [], overprovisioningPercent: 140 };
}

function readEdsClusterConfig(json: unknown, scope: Scope): DiscoveryFields['eds'] {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const serviceName = reader.string('service_name', '');
  const configSource = reader.read('eds_config', readConfigSource);
  reader.done();
  return { serviceName, configSource };
}
