/** What building needs to know of the rest of the cluster and of the installation. */
import type { FoundCertificate } from '../model/certificates.ts';
import type { BackendRef, NoBackend } from '../model/live-backends.ts';
import type { BackendTls, ServingBackend } from '../serving-model.ts';
import type { GatewayAddress } from './api/gateway-api.ts';
import type { EdgeServer } from './edge-model.ts';
import type { ReferenceGrants } from './reference-grants.ts';

export interface EdgeSurroundings {
  readonly findBackend: (ref: BackendRef) => ServingBackend | NoBackend;
  /** What a Secret holds. @param key `namespace/name` */
  readonly findCertificate: (key: string) => FoundCertificate;
  /** Who vouches for certificates, in PEM, by a ConfigMap. @param key `namespace/name` */
  readonly findAuthority: (key: string) => FoundAuthority;
  /** What the port of a Service is called. @param service `namespace/name` */
  readonly portNameOf: (service: string, port: number) => string;
  /** Who of Knative's objects has a host: nobody else gets it. */
  readonly ownerOfHost: (host: string) => string | undefined;
  /** Undefined for a namespace that is not there. */
  readonly labelsOf: (namespace: string) => Readonly<Record<string, string>> | undefined;
  /** Where gateways are reached from outside, as far as it is known. */
  readonly addresses: readonly GatewayAddress[];
  /** The ports that gateways can be reached at, and what may be served there. */
  readonly ports: ReadonlyMap<number, readonly EdgeServer['protocol'][]>;
}

export type FoundAuthority = { readonly ok: true; readonly pem: string } | { readonly ok: false; readonly reason: string };

/** What BackendTLSPolicies say. */
export interface PolicyLookup {
  /** None is there: nobody needs to know what ports are called. */
  readonly isEmpty: boolean;
  /** What a connection to a Service must be. `plain`: nobody says anything; `broken`: none can be had. @param portName of its port */
  of(namespace: string, service: string, portName: string): BackendTls | 'plain' | 'broken';
  /** Begins to remember what a route asks for. */
  begin(): void;
  /** What has been asked for since is in force at these Gateways. */
  attach(gateways: Iterable<string>): void;
}

/** The same, for whoever reads a route. */
export interface RouteSurroundings extends EdgeSurroundings {
  readonly grants: ReferenceGrants;
  readonly policies: PolicyLookup;
}
