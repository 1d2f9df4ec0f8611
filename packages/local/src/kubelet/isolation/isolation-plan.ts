/** Which containers of a pod get a network of their own, and how they are reached. Pure. */
import type { Container, Pod } from '@sluice/kubernetes';
import { isQueueProxy, toldPort, type PortPlan } from '../port-plan.ts';
import type { RelayedPort } from './network-isolation.ts';

/**
 * On a pod (a Service's template passes it on): `network` gives each of the user's containers a network of its own. There
 * it has its containerPort for itself, and nothing else: no other program, and no way out.
 */
export const isolationAnnotation = 'local.sluice.dev/isolation';

/** What somebody can do whose program insists on its containerPort. */
export const insistingAdvice =
  `make it listen on $PORT or, on Linux, annotate its template with ${isolationAnnotation}: network ` +
  '(without a way out for it then)';

export type IsolationWish =
  | { readonly kind: 'none' }
  | { readonly kind: 'isolate'; readonly containers: ReadonlySet<string> }
  /** Asked for, and not to be had in this pod. */
  | { readonly kind: 'impossible'; readonly reason: ImpossibleReason; readonly message: string };

type ImpossibleReason = 'UnknownIsolation' | 'HostNetwork' | 'NoCommand';

/**
 * What a pod asks for. Queue-proxy stays outside, since others must reach it and it must reach them; so do init
 * containers, which serve nobody.
 */
export function isolationWish(pod: Pod): IsolationWish {
  const wish = pod.metadata.annotations?.[isolationAnnotation];
  if (wish === undefined || wish === '' || wish === 'none') return { kind: 'none' };
  const impossible = (reason: ImpossibleReason, message: string): IsolationWish => ({ kind: 'impossible', reason, message });
  if (wish !== 'network') return impossible('UnknownIsolation', `${isolationAnnotation} is "${wish}": only "network" and "none" are known`);
  if (pod.spec.hostNetwork === true) return impossible('HostNetwork', 'the pod has hostNetwork: it cannot have a network of its own too');
  const own = pod.spec.containers.filter((container) => !isQueueProxy(container));
  const started = own.filter(({ command = [] }) => command.length > 0);
  if (started.length < own.length) {
    return impossible('NoCommand', 'a container without a command is run by the image runtime: its network is not made here');
  }
  return { kind: 'isolate', containers: new Set(started.map(({ name }) => name)) };
}

/**
 * The ports of an isolated container: the one it is told and those it declares. A replaced port is reached at the pod's
 * address and where its sidecar looks for it, 127.0.0.1; one that has kept its number at the pod's address alone, which
 * no other pod has.
 */
export function relayedPorts(container: Container, plan: PortPlan, podIp: string): readonly RelayedPort[] {
  const told = toldPort(container);
  const inside = new Set([...(told === undefined ? [] : [told]), ...(container.ports ?? []).map(({ containerPort }) => containerPort)]);
  return [...inside].map((port) => {
    const real = plan.get(port);
    const outside =
      real === undefined
        ? [{ address: podIp, port }]
        : [...new Set(['127.0.0.1', podIp])].map((address) => ({ address, port: real }));
    return { inside: port, outside };
  });
}
