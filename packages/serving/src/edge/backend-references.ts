/** References to backends: what they lead to, or why nowhere. */
import type { Protocol } from '../api/pod-autoscaler.ts';
import type { BackendReference } from './api/gateway-api.ts';
import { gatewayGroup } from './edge-kinds.ts';
import type { RouteSurroundings } from './edge-surroundings.ts';
import type { ReferenceProblem } from './route-problems.ts';

/** Who names something: his kind and namespace decide what he may name. */
export interface Referrer {
  readonly kind: 'HTTPRoute' | 'GRPCRoute' | 'TLSRoute' | 'TCPRoute';
  readonly namespace: string;
}

/** The key of the backend, or what is wrong. */
export function resolveBackend(ref: BackendReference, referrer: Referrer, { findBackend, grants, policies, portNameOf }: RouteSurroundings, protocol?: Protocol): string | ReferenceProblem {
  const { group = '', kind = 'Service', namespace = referrer.namespace, name, port } = ref;
  if (group !== '' || kind !== 'Service') return { reason: 'InvalidKind', message: `backendRef "${name}" is a ${kind}${group === '' ? '' : ` of ${group}`}; only Services can be backends` };
  const isAllowed = grants.allows({ from: { group: gatewayGroup, kind: referrer.kind, namespace: referrer.namespace }, to: { group: '', kind: 'Service', namespace, name } });
  if (!isAllowed) return { reason: 'RefNotPermitted', message: `no ReferenceGrant in ${namespace} lets a ${referrer.kind} of ${referrer.namespace} name Service "${name}"` };
  if (port === undefined) return { reason: 'BackendNotFound', message: `backendRef "${name}" names no port` };
  const tls = policies.isEmpty ? 'plain' : policies.of(namespace, name, portNameOf(`${namespace}/${name}`, port));
  const found = findBackend({ namespace, service: name, port, ...(protocol === undefined ? {} : { protocol }), ...(typeof tls === 'string' ? {} : { tls }) });
  if (found === 'no-service') return { reason: 'BackendNotFound', message: `Service "${namespace}/${name}" is not there` };
  if (found === 'no-port') return { reason: 'BackendNotFound', message: `Service "${namespace}/${name}" has no port ${port}` };
  if (found === 'external-name') return { reason: 'BackendNotFound', message: `Service "${namespace}/${name}" is an ExternalName, which is not followed` };
  if (tls === 'broken') return { reason: 'PolicyInvalid', message: `BackendTLSPolicy of Service "${namespace}/${name}" cannot be kept` };
  return found.key;
}
