/** Clusters: one per revision, the same name in every group. */
import { typeUrls } from '@sluice/resources';
import type { Protocol, ServingBackend, ServingRevision } from '@sluice/serving';

import { internalTransports } from './internal-tls.ts';
import { clusterName, revisionMetadataKey, typeNames } from './names.ts';
import type { JsonObject, TranslatedResource } from './resource.ts';

/**
 * How many requests and connections a proxy may have with one revision. Far above what one proxy carries,
 * because the limit that counts is each pod's, in its sidecar, and the activator's queue: Envoy's default of
 * 1024 would refuse what those would have held. Chosen: it bounds memory and nothing else.
 */
const requestsMax = 100_000;

type LbPolicy = 'LEAST_REQUEST' | 'ROUND_ROBIN' | 'RING_HASH';

/**
 * @param lbPolicy how the group's proxies choose among a revision's endpoints
 * @param subjects whom endpoints that speak TLS must prove to be; none: nobody inside speaks it
 */
export function cluster(revision: ServingRevision, lbPolicy: LbPolicy, subjects: readonly string[] = []): TranslatedResource {
  return discovered(clusterName(revision), revision.protocol, lbPolicy, subjects, { [revisionMetadataKey]: revisionMetadata(revision) });
}

/** A Service that is no revision's: what is behind it is nobody's of the mesh to scale. */
export function backendCluster(backend: ServingBackend, subjects: readonly string[] = []): TranslatedResource {
  return discovered(clusterName(backend), backend.protocol, 'LEAST_REQUEST', subjects);
}

function discovered(name: string, protocol: Protocol, lbPolicy: LbPolicy, subjects: readonly string[], filterMetadata?: JsonObject): TranslatedResource {
  return {
    typeUrl: typeUrls.cluster,
    name,
    value: {
      name,
      type: 'EDS',
      eds_cluster_config: {
        eds_config: { ads: {}, resource_api_version: 'V3' },
        service_name: name,
      },
      // Five seconds, as Kourier.
      connect_timeout: '5s',
      lb_policy: lbPolicy,
      circuit_breakers: {
        thresholds: [
          {
            max_connections: requestsMax,
            max_pending_requests: requestsMax,
            max_requests: requestsMax,
          },
        ],
      },
      ...(subjects.length === 0 ? {} : internalTransports(subjects, protocol)),
      ...(filterMetadata === undefined ? {} : { metadata: { filter_metadata: filterMetadata } }),
      ...(protocol === 'h2c' ? { typed_extension_protocol_options: http2Options } : {}),
    },
  };
}

/** What a filter that deals with revisions must know of this one. */
function revisionMetadata(revision: ServingRevision): JsonObject {
  return {
    namespace: revision.namespace,
    name: revision.name,
    service: revision.service,
    configuration: revision.configuration,
    container_concurrency: revision.containerConcurrency,
    protocol: revision.protocol,
    timeout_seconds: revision.timeoutSeconds,
    response_start_timeout_seconds: revision.responseStartTimeoutSeconds,
    idle_timeout_seconds: revision.idleTimeoutSeconds,
    ...(revision.readyByKubelet ? { ready_by_kubelet: true } : {}),
    ...(revision.mesh?.kind === 'passthrough' ? { passthrough_host: revision.mesh.host } : {}),
  };
}

const http2Options: JsonObject = {
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
    '@type': typeNames.httpProtocolOptions,
    explicit_http_config: { http2_protocol_options: {} },
  },
};
