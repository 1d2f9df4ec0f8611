/** Endpoints: where a revision's requests go now. This is the part that changes often. */
import { typeUrls } from '@sluice/resources';
import type { ServingBackend, ServingEndpoint, ServingRevision } from '@sluice/serving';

import { securedEndpoint } from './internal-tls.ts';
import { clusterName, revisionMetadataKey } from './names.ts';
import { byAddress, type JsonObject, type TranslatedResource } from './resource.ts';

/** For gateways: the pods in mode Serve, the activators in mode Proxy. @param isSecured they are spoken to over TLS, and only so */
export function gatewayEndpoints(revision: ServingRevision, isSecured = false): TranslatedResource {
  const endpoints = revision.mode === 'Serve' ? revision.pods.filter(isUsable) : revision.activators;
  return assignment(
    revision,
    reachable(endpoints, isSecured).map((endpoint) => lbEndpoint(endpoint, isSecured)),
  );
}

export function backendEndpoints(backend: ServingBackend, isSecured = false): TranslatedResource {
  const endpoints = backend.endpoints.filter(isUsable).toSorted(byAddress);
  return assignment(
    backend,
    endpoints.map((endpoint) => lbEndpoint(isSecured ? { ...endpoint, tlsPort: endpoint.port } : endpoint, isSecured)),
  );
}

/**
 * For activators: the pods, those that are not ready included and marked. An activator finds out by itself
 * when they are, sooner than the word gets round. And who shares them, so that each takes its part.
 */
export function activatorEndpoints(revision: ServingRevision, isSecured = false): TranslatedResource {
  const made = podEndpoints(revision, isSecured);
  return assignment(revision, made.length === 0 ? made : [...made, ...serviceEndpoint(revision, isSecured)]);
}

function podEndpoints(revision: ServingRevision, isSecured: boolean): readonly JsonObject[] {
  const pods = revision.pods.filter(({ terminating }) => !terminating);
  const endpoints = reachable(pods, isSecured).map((pod) => lbEndpoint(pod, isSecured, pod.ready ? 'HEALTHY' : 'UNHEALTHY'));
  const [first, ...others] = endpoints;
  const sharers = revision.activators.map(({ address }) => address).toSorted();
  // Where there is nothing to share out, or nobody to share with, nothing is said.
  if (!first || revision.containerConcurrency === 0 || sharers.length < 2) return endpoints;
  // Said with the pods and not with the cluster, which would be made anew for each activator that comes or goes.
  const said = { ...(isSecured ? securedEndpoint : {}), [revisionMetadataKey]: { activators: sharers } };
  return [{ ...first, metadata: { filter_metadata: said } }, ...others];
}

/** The revision's Service, where that may be called in place of pods: nobody is sent there but by an activator's own decision. */
function serviceEndpoint({ mesh }: ServingRevision, isSecured: boolean): readonly JsonObject[] {
  if (mesh?.kind !== 'service') return [];
  const { address, port, tlsPort, isAlways } = mesh;
  const said = { ...(isSecured ? securedEndpoint : {}), [revisionMetadataKey]: { service: isAlways ? 'always' : 'fallback' } };
  return [{ endpoint: { address: { socket_address: { address, port_value: isSecured ? tlsPort : port } } }, health_status: 'UNHEALTHY', metadata: { filter_metadata: said } }];
}

/** Sorted. One without a port for TLS is left out where that is what must be spoken. */
function reachable(endpoints: readonly ServingEndpoint[], isSecured: boolean): ServingEndpoint[] {
  return endpoints.filter(({ tlsPort }) => !isSecured || tlsPort !== undefined).toSorted(byAddress);
}

function isUsable({ ready, terminating }: ServingEndpoint): boolean {
  return ready && !terminating;
}

/** gRPC's own clients ignore a locality without a weight, so there is one even where it decides nothing. */
function assignment(target: { readonly key: string }, endpoints: readonly JsonObject[]): TranslatedResource {
  const name = clusterName(target);
  return {
    typeUrl: typeUrls.clusterLoadAssignment,
    name,
    value: {
      cluster_name: name,
      ...(endpoints.length === 0
        ? {}
        : { endpoints: [{ locality: {}, lb_endpoints: endpoints, load_balancing_weight: 1 }] }),
    },
  };
}

function lbEndpoint({ address, port, tlsPort }: ServingEndpoint, isSecured: boolean, healthStatus?: 'HEALTHY' | 'UNHEALTHY'): JsonObject {
  return {
    endpoint: { address: { socket_address: { address, port_value: isSecured ? (tlsPort ?? port) : port } } },
    ...(isSecured ? { metadata: { filter_metadata: securedEndpoint } } : {}),
    ...(healthStatus === undefined ? {} : { health_status: healthStatus }),
  };
}
