/** What building needs to know of the rest of the cluster and of the installation. */
import type { FoundCertificate } from '../model/certificates.ts';
import type { BackendRef, NoBackend } from '../model/live-backends.ts';
import type { ServingBackend } from '../serving-model.ts';
import type { GatewayAddress } from './api/gateway-api.ts';
import type { EdgeServer } from './edge-model.ts';
import type { ReferenceGrants } from './reference-grants.ts';

export interface EdgeSurroundings {
  readonly findBackend: (ref: BackendRef) => ServingBackend | NoBackend;
  /** What a Secret holds. @param key `namespace/name` */
  readonly findCertificate: (key: string) => FoundCertificate;
  /** Who of Knative's objects has a host: nobody else gets it. */
  readonly ownerOfHost: (host: string) => string | undefined;
  /** Undefined for a namespace that is not there. */
  readonly labelsOf: (namespace: string) => Readonly<Record<string, string>> | undefined;
  /** Where gateways are reached from outside, as far as it is known. */
  readonly addresses: readonly GatewayAddress[];
  /** The ports that gateways can be reached at, and what may be served there. */
  readonly ports: ReadonlyMap<number, readonly EdgeServer['protocol'][]>;
}

/** The same, for whoever reads a route. */
export interface RouteSurroundings extends EdgeSurroundings {
  readonly grants: ReferenceGrants;
}
