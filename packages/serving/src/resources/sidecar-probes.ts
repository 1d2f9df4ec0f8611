/** The program's own probes as the sidecar performs them: on the pod's loopback, with ports as numbers. */
import type { Container } from '../api/pod-spec.ts';
import type { Revision } from '../api/revision.ts';
import { probeAt, type PodProbe } from './pod-container.ts';
import { servingContainer, userPort } from './serving-container.ts';

const loopback = '127.0.0.1';

/** As the sidecar is told: one probe, or, where all containers are probed, an array of them, the serving container's first. */
export function sidecarProbes(revision: Revision, probesAll: boolean): string {
  const serving = servingContainer(revision.spec);
  const probe = servingProbe(serving, userPort(revision.spec));
  if (!probesAll) return JSON.stringify(probe);
  const others = (revision.spec.containers ?? []).filter((container) => container !== serving).flatMap(besideProbe);
  return JSON.stringify([probe, ...others]);
}

function servingProbe(container: Container | undefined, port: number): PodProbe {
  const { httpGet, tcpSocket: _, grpc, exec: __, ...numbers } = container?.readinessProbe ?? {};
  const timed = withTimeout(numbers);
  if (httpGet) return { ...timed, httpGet: { ...httpGet, host: loopback, port, scheme: httpGet.scheme ?? 'HTTP' } };
  if (grpc) return { ...timed, grpc: { ...grpc, port } };
  // A command cannot be run from the sidecar: the kubelet runs it, and here the port alone is asked.
  return { successThreshold: 1, ...timed, tcpSocket: { port, host: loopback } };
}

/** Of a container beside: only what can be asked over the network, at the port that it names. */
function besideProbe({ readinessProbe }: Container): PodProbe[] {
  if (!readinessProbe || readinessProbe.exec) return [];
  const { httpGet, tcpSocket, grpc, ...numbers } = probeAt(readinessProbe, 0);
  const timed = withTimeout(numbers);
  if (httpGet) return [{ ...timed, httpGet: { ...httpGet, host: loopback, scheme: httpGet.scheme ?? 'HTTP' } }];
  if (tcpSocket) return [{ ...timed, tcpSocket: { ...tcpSocket, host: loopback } }];
  return grpc ? [{ ...timed, grpc }] : [];
}

function withTimeout<T extends { readonly periodSeconds?: number; readonly timeoutSeconds?: number }>(numbers: T): T {
  return numbers.periodSeconds ? { ...numbers, timeoutSeconds: numbers.timeoutSeconds || 1 } : numbers;
}
