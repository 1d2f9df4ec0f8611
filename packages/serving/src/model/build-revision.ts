/** One revision of the model. */
import type { PodAutoscaler } from '../api/pod-autoscaler.ts';
import type { Revision } from '../api/revision.ts';
import type { ServerlessService, ServingMode } from '../api/serverless-service.ts';
import { annotations, labels } from '../labels.ts';
import { protocolOf, servingContainer } from '../resources/serving-container.ts';
import type { ServingEndpoint, ServingRevision } from '../serving-model.ts';
import { activatorSubset } from './activator-subset.ts';
import { endpointsOf, type EndpointSliceView } from './endpoints.ts';
import type { RevisionMesh } from './revision-mesh.ts';

/** Of Services of pods and of activators. Knative: 443, which leads to 8112. */
export const tlsPortName = 'https';

export interface RevisionInput {
  readonly revision: Revision;
  readonly sks: ServerlessService | undefined;
  readonly podAutoscaler: PodAutoscaler | undefined;
  /** Of its private Service. */
  readonly slices: readonly EndpointSliceView[];
  /** Where activators take HTTP/1.1, and where HTTP/2 without TLS. */
  readonly activators: readonly ServingEndpoint[];
  readonly h2cActivators: readonly ServingEndpoint[];
  readonly mesh: RevisionMesh | undefined;
}

export function buildRevision(input: RevisionInput): ServingRevision {
  const { revision, sks, podAutoscaler, slices } = input;
  const { namespace = '', name } = revision.metadata;
  const protocol = protocolOf(revision);
  const isSecured = revision.status?.annotations?.[annotations.internalTls] === 'enabled';
  const pods = endpointsOf(slices, protocol === 'h2c' ? ['http2'] : ['http'], isSecured ? tlsPortName : undefined);
  const ready = (protocol === 'h2c' ? input.h2cActivators : input.activators).filter(
    (activator) => activator.ready && !activator.terminating,
  );
  return {
    key: `${namespace}/${name}`,
    namespace,
    name,
    configuration: revision.metadata.labels?.[labels.configuration] ?? '',
    service: revision.metadata.labels?.[labels.service] ?? '',
    containerConcurrency: podAutoscaler?.spec.containerConcurrency ?? revision.spec.containerConcurrency ?? 0,
    protocol,
    timeoutSeconds: revision.spec.timeoutSeconds ?? 300,
    responseStartTimeoutSeconds: revision.spec.responseStartTimeoutSeconds ?? 0,
    idleTimeoutSeconds: revision.spec.idleTimeoutSeconds ?? 0,
    ...(isSecured ? { isSecured } : {}),
    readyByKubelet: isReadyByKubelet(revision),
    mode: modeOf(sks, pods, ready),
    pods,
    activators: activatorSubset(ready, sks?.spec.numActivators ?? 0, name),
    ...(input.mesh === undefined ? {} : { mesh: input.mesh }),
  };
}

/** Knative's rule for whether activators may believe their own probes. */
function isReadyByKubelet({ spec }: Revision): boolean {
  return servingContainer(spec)?.readinessProbe?.exec !== undefined || (spec.containers ?? []).some(({ startupProbe }) => startupProbe !== undefined);
}

/** Whatever is wished for, requests must go where somebody takes them. */
function modeOf(
  sks: ServerlessService | undefined,
  pods: readonly ServingEndpoint[],
  activators: readonly ServingEndpoint[],
): ServingMode {
  if (!pods.some(({ ready }) => ready)) return 'Proxy';
  if (activators.length === 0) return 'Serve';
  return sks?.spec.mode ?? 'Proxy';
}
