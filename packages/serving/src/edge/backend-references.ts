/** backendRefs → the shares of a rule: who gets how much of it, and how much nobody can have. */
import type { Protocol } from '../api/pod-autoscaler.ts';
import type { BackendReference } from './api/gateway-api.ts';
import { gatewayGroup } from './edge-kinds.ts';
import type { EdgeShare } from './edge-model.ts';
import type { RouteSurroundings } from './edge-surroundings.ts';
import { headerChanges } from './header-changes.ts';
import type { ReferenceProblem, RuleProblems } from './route-problems.ts';

/** Who names something: his kind and namespace decide what he may name. */
export interface Referrer {
  readonly kind: 'HTTPRoute' | 'GRPCRoute' | 'TLSRoute';
  readonly namespace: string;
}

export interface ResolvedShares {
  readonly shares: readonly EdgeShare[];
  readonly lostWeight: number;
}

/** @param protocol what is spoken to backends whatever they say of themselves */
export function resolveShares(refs: readonly BackendReference[], referrer: Referrer, surroundings: RouteSurroundings, problems: RuleProblems, protocol?: Protocol): ResolvedShares {
  const shares: EdgeShare[] = [];
  let lostWeight = 0;
  for (const ref of refs) {
    const { weight = 1, filters = [] } = ref;
    const backend = resolveBackend(ref, referrer, surroundings, protocol);
    if (typeof backend !== 'string') {
      problems.references.push(backend);
      lostWeight += weight;
      continue;
    }
    const changes = { request: headerChanges(undefined), response: headerChanges(undefined) };
    for (const filter of filters) {
      if (filter.type === 'RequestHeaderModifier') changes.request = headerChanges(filter.requestHeaderModifier);
      else if (filter.type === 'ResponseHeaderModifier') changes.response = headerChanges(filter.responseHeaderModifier);
      else problems.values.push(`filter ${filter.type} of a backendRef is not supported`);
    }
    if (weight > 0) shares.push({ backend, weight, requestHeaders: changes.request, responseHeaders: changes.response });
  }
  return { shares, lostWeight };
}

/** The key of the backend, or what is wrong. */
export function resolveBackend(ref: BackendReference, referrer: Referrer, { findBackend, grants }: RouteSurroundings, protocol?: Protocol): string | ReferenceProblem {
  const { group = '', kind = 'Service', namespace = referrer.namespace, name, port } = ref;
  if (group !== '' || kind !== 'Service') return { reason: 'InvalidKind', message: `backendRef "${name}" is a ${kind}${group === '' ? '' : ` of ${group}`}; only Services can be backends` };
  const isAllowed = grants.allows({ from: { group: gatewayGroup, kind: referrer.kind, namespace: referrer.namespace }, to: { group: '', kind: 'Service', namespace, name } });
  if (!isAllowed) return { reason: 'RefNotPermitted', message: `no ReferenceGrant in ${namespace} lets a ${referrer.kind} of ${referrer.namespace} name Service "${name}"` };
  if (port === undefined) return { reason: 'BackendNotFound', message: `backendRef "${name}" names no port` };
  const found = findBackend({ namespace, service: name, port, ...(protocol === undefined ? {} : { protocol }) });
  if (found === 'no-service') return { reason: 'BackendNotFound', message: `Service "${namespace}/${name}" is not there` };
  if (found === 'no-port') return { reason: 'BackendNotFound', message: `Service "${namespace}/${name}" has no port ${port}` };
  if (found === 'external-name') return { reason: 'BackendNotFound', message: `Service "${namespace}/${name}" is an ExternalName, which is not followed` };
  return found.key;
}
