/** The user's containers as they run in the pod. */
import type { Container, EnvVar, Probe } from '../api/pod-spec.ts';
import type { Revision } from '../api/revision.ts';
import { labels } from '../labels.ts';
import { queuePorts, servingContainer, userPort } from './serving-container.ts';

/** What a pod's container has and a revision's cannot declare. */
export interface UserContainer extends Container {
  readonly name: string;
  readonly lifecycle: { readonly preStop: { readonly httpGet: { readonly port: number; readonly path: string } } };
}

export function makeUserContainers(revision: Revision): UserContainer[] {
  const serving = servingContainer(revision.spec);
  return (revision.spec.containers ?? []).map((container) => makeUserContainer(revision, container, container === serving));
}

function makeUserContainer(revision: Revision, container: Container, isServing: boolean): UserContainer {
  const { readinessProbe, livenessProbe, ...rest } = container;
  const port = userPort(revision.spec);
  return {
    ...rest,
    name: container.name ?? '',
    env: [...(container.env ?? []), ...runtimeEnvironment(revision, isServing ? port : undefined)],
    ...(isServing ? { ports: [{ ...container.ports?.[0], name: 'user-port', containerPort: port }] } : {}),
    // The sidecar performs all probes but commands, which only the kubelet can run.
    ...(readinessProbe?.exec ? { readinessProbe } : {}),
    ...(livenessProbe ? { livenessProbe: isServing ? atUserPort(livenessProbe, port) : livenessProbe } : {}),
    // The program is stopped only after the sidecar has let the requests under way finish.
    lifecycle: { preStop: { httpGet: { port: queuePorts.admin, path: '/wait-for-drain' } } },
    terminationMessagePolicy: container.terminationMessagePolicy ?? 'FallbackToLogsOnError',
  };
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

function atUserPort(probe: Probe, port: number): Probe {
  if (probe.httpGet) return { ...probe, httpGet: { ...probe.httpGet, port } };
  if (probe.tcpSocket) return { ...probe, tcpSocket: { ...probe.tcpSocket, port } };
  return probe;
}
