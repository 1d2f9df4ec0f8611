/**
 * Probes led through the proxy. A kubelet's HTTP probe is passed on; a TCP or gRPC probe becomes an HTTP one, which the proxy answers by health checks
 * of its own, because a proxy that captures a port accepts connections whether the program does or not. `exec` probes are no matter of networks. Pure.
 */
import { probeKinds, type PodContainer, type PodProbe, type ProbeKind } from './pod.ts';
import { statusPort } from './names.ts';

/** How the proxy finds out. */
export type ProbeTarget =
  | { readonly kind: 'http'; readonly port: number; readonly path: string; readonly isTls: boolean }
  | { readonly kind: 'tcp'; readonly port: number }
  | { readonly kind: 'grpc'; readonly port: number; readonly service: string };

export interface RewrittenProbe {
  readonly container: string;
  readonly probe: ProbeKind;
  /** Where the kubelet asks. */
  readonly path: string;
  readonly target: ProbeTarget;
  /** In ms. */
  readonly timeoutMs: number;
  readonly periodMs: number;
  /** What stood there. */
  readonly original: Pick<PodProbe, 'httpGet' | 'tcpSocket' | 'grpc'>;
}

const pathPrefix = '/sluice/probes';

/** The container with its probes led through the proxy, and what was led where. The same container when there are none. */
export function rewriteProbes(container: PodContainer): { readonly container: PodContainer; readonly rewritten: readonly RewrittenProbe[] } {
  const rewritten: RewrittenProbe[] = [];
  let next = container;
  for (const kind of probeKinds) {
    const probe = container[kind];
    const target = probe && targetOf(probe, container);
    if (!probe || !target) continue;
    const path = pathOf(container.name, kind);
    const { httpGet, tcpSocket: _tcp, grpc: _grpc, ...rest } = probe;
    const headers = httpGet?.httpHeaders === undefined ? {} : { httpHeaders: httpGet.httpHeaders };
    next = { ...next, [kind]: { ...rest, httpGet: { path: path + queryOf(httpGet?.path), port: statusPort, scheme: 'HTTP', ...headers } } };
    rewritten.push({
      container: container.name,
      probe: kind,
      path,
      target,
      timeoutMs: (probe.timeoutSeconds ?? 1) * 1000,
      periodMs: (probe.periodSeconds ?? 10) * 1000,
      original: handlerOf(probe),
    });
  }
  return { container: next, rewritten };
}

/** The container with what stood there before, where nobody has changed it since. */
export function restoreProbes(container: PodContainer, rewritten: readonly Pick<RewrittenProbe, 'container' | 'probe' | 'original'>[]): PodContainer {
  let next = container;
  for (const { probe: kind, original } of rewritten.filter((one) => one.container === container.name)) {
    const probe = next[kind];
    if (probe?.httpGet?.port !== statusPort || !(probe.httpGet.path ?? '').startsWith(pathOf(container.name, kind))) continue;
    const { httpGet: _ours, ...rest } = probe;
    next = { ...next, [kind]: { ...rest, ...original } };
  }
  return next;
}

function pathOf(container: string, kind: ProbeKind): string {
  return `${pathPrefix}/${container}/${kind.slice(0, -'Probe'.length)}`;
}

/** What follows a `?` stays with the kubelet: the proxy exchanges the path alone. */
function queryOf(path = ''): string {
  const mark = path.indexOf('?');
  return mark < 0 ? '' : path.slice(mark);
}

function targetOf({ httpGet, tcpSocket, grpc }: PodProbe, container: PodContainer): ProbeTarget | undefined {
  // Another host is not in this pod, and a port that nobody can look up is left for the kubelet to complain of.
  if (httpGet && !httpGet.host) {
    const port = portOf(httpGet.port, container);
    const path = (httpGet.path ?? '/').split('?', 1)[0] ?? '/';
    return port === undefined ? undefined : { kind: 'http', port, path: path.startsWith('/') ? path : `/${path}`, isTls: (httpGet.scheme ?? 'HTTP').toUpperCase() === 'HTTPS' };
  }
  if (tcpSocket && !tcpSocket.host) {
    const port = portOf(tcpSocket.port, container);
    return port === undefined ? undefined : { kind: 'tcp', port };
  }
  if (grpc) return { kind: 'grpc', port: grpc.port, service: grpc.service ?? '' };
  return undefined;
}

function portOf(port: number | string, { ports = [] }: PodContainer): number | undefined {
  if (typeof port === 'number') return port;
  return ports.find(({ name }) => name === port)?.containerPort;
}

function handlerOf({ httpGet, tcpSocket, grpc }: PodProbe): RewrittenProbe['original'] {
  return { ...(httpGet ? { httpGet } : {}), ...(tcpSocket ? { tcpSocket } : {}), ...(grpc ? { grpc } : {}) };
}
