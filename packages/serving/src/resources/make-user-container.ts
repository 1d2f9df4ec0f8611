/** The user's containers as they run in the pod. */
import type { Container, EnvVar } from '../api/pod-spec.ts';
import type { Revision } from '../api/revision.ts';
import { imageFor } from '../images/revision-images.ts';
import { labels } from '../labels.ts';
import { probeAt, probeOnlyAt, type PodContainer } from './pod-container.ts';
import { queuePorts, servingContainer, userPort } from './serving-container.ts';

/** @param probesAll whether containers beside the serving one are probed, too */
export function makeUserContainers(revision: Revision, probesAll = false): PodContainer[] {
  const serving = servingContainer(revision.spec);
  return (revision.spec.containers ?? []).map((container) =>
    makeUserContainer(revision, container, { isServing: container === serving, probesAll }),
  );
}

/** Init containers run to their end before requests come, so nobody probes them. */
export function makeInitContainer(revision: Revision, container: Container): PodContainer {
  const { readinessProbe: _, livenessProbe: __, startupProbe: ___, ...rest } = container;
  return { ...rest, ...imageOf(revision, container), name: container.name ?? '' };
}

function makeUserContainer(
  revision: Revision,
  container: Container,
  { isServing, probesAll }: { readonly isServing: boolean; readonly probesAll: boolean },
): PodContainer {
  const { readinessProbe, livenessProbe, startupProbe, ...rest } = container;
  const port = userPort(revision.spec);
  return {
    ...rest,
    ...imageOf(revision, container),
    name: container.name ?? '',
    env: [...(container.env ?? []), ...runtimeEnvironment(revision, isServing ? port : undefined)],
    ...(isServing ? { ports: [{ ...container.ports?.[0], name: 'user-port', containerPort: port }] } : {}),
    // The sidecar performs all probes but commands, which only the kubelet can run.
    ...(readinessProbe?.exec ? { readinessProbe: probeAt(readinessProbe, port) } : {}),
    ...(livenessProbe
      ? { livenessProbe: isServing && !probesAll ? probeOnlyAt(livenessProbe, port) : probeAt(livenessProbe, port) }
      : {}),
    ...(startupProbe ? { startupProbe: probeAt(startupProbe, port) } : {}),
    // The program is stopped only after the sidecar has let the requests under way finish.
    lifecycle: { preStop: { httpGet: { port: queuePorts.admin, path: '/wait-for-drain' } } },
    terminationMessagePolicy: container.terminationMessagePolicy ?? 'FallbackToLogsOnError',
  };
}

function imageOf(revision: Revision, container: Container): Pick<Container, 'image'> {
  const image = imageFor(revision, container);
  return image === undefined ? {} : { image };
}

/** What every program is told, after what its owner tells it. */
function runtimeEnvironment(revision: Revision, port: number | undefined): EnvVar[] {
  const { metadata } = revision;
  return [
    ...(port === undefined ? [] : [{ name: 'PORT', value: String(port) }]),
    { name: 'K_REVISION', value: metadata.name },
    { name: 'K_CONFIGURATION', value: metadata.labels?.[labels.configuration] ?? '' },
    { name: 'K_SERVICE', value: metadata.labels?.[labels.service] ?? '' },
  ];
}
