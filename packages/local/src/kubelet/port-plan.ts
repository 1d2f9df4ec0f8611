/**
 * Which ports of a pod are replaced. Programs listen on all addresses, so two that were told the same PORT
 * would clash on one machine: each gets a PORT of its own, and whoever must reach it is told that one.
 */
import type { Container, EnvVar, Pod, ProbeHandler } from '@sluice/kubernetes';
import type { AddressMode } from './port-allocator.ts';

/** Declared container port → the one that is really used. A port that is not in it keeps its number. */
export type PortPlan = ReadonlyMap<number, number>;

/** Variables that hold a port of their own pod, by Knative's runtime contract and queue-proxy's environment. */
const portVariables = new Set([
  'PORT',
  'USER_PORT',
  'QUEUE_SERVING_PORT',
  'QUEUE_SERVING_TLS_PORT',
  'SLUICE_ADMIN_PORT',
  'SLUICE_AUTOSCALER_METRICS_PORT',
  'SLUICE_USER_METRICS_PORT',
]);

/** By such variables the proxies of injected pods learn what has become of a port of their pod: `SLUICE_PORT_8080`. */
const ownPort = /^SLUICE_PORT_\d+$/;

/** The ports on which queue-proxy listens without being told: its admin server and its metrics. */
const queueDefaults: Readonly<Record<string, number>> = {
  SLUICE_ADMIN_PORT: 8022,
  SLUICE_AUTOSCALER_METRICS_PORT: 9090,
  SLUICE_USER_METRICS_PORT: 9091,
};

/** The variable that holds a probe, or an array of probes, as JSON. */
const probeVariable = 'SERVING_READINESS_PROBE';

/** The port that a container is told by its variable `PORT`. */
export function toldPort(container: Container): number | undefined {
  const value = container.env?.find(({ name }) => name === 'PORT')?.value;
  return value !== undefined && /^\d+$/.test(value) ? Number(value) : undefined;
}

/**
 * The declared ports that need a free one: what containers are told by `PORT`, and, where pods share
 * one address, all of them. Pods on the host's network keep theirs.
 */
export function portsToReplace(pod: Pod, mode: AddressMode): readonly number[] {
  if (pod.spec.hostNetwork === true || mode === 'network-per-pod') return [];
  const wanted = new Set<number>();
  for (const container of [...(pod.spec.initContainers ?? []), ...pod.spec.containers]) {
    const told = toldPort(container);
    if (told !== undefined) wanted.add(told);
    if (mode !== 'shared-address') continue;
    for (const { containerPort } of container.ports ?? []) wanted.add(containerPort);
    if (isQueueProxy(container)) for (const port of Object.values(queueDefaults)) wanted.add(port);
  }
  return [...wanted];
}

/** Variables that say to queue-proxy what it assumes otherwise, where that has been replaced. */
export function assumedPorts(container: Container, plan: PortPlan): EnvVar[] {
  if (!isQueueProxy(container)) return [];
  const replaced = Object.entries(queueDefaults).filter(([, port]) => plan.has(port));
  return replaced.map(([name, port]) => ({ name, value: String(port) }));
}

/** Whether a container is the sidecar that Knative puts before the user's program. */
export function isQueueProxy({ env = [] }: Container): boolean {
  return env.some(({ name }) => name === 'QUEUE_SERVING_PORT');
}

/** The value of a container's variable with the pod's real ports in it. */
export function rewritePortVariable(plan: PortPlan, name: string, value: string): string {
  if (portVariables.has(name) || ownPort.test(name)) {
    const real = plan.get(Number(value));
    return real === undefined ? value : String(real);
  }
  if (name === probeVariable && value !== '') return rewriteProbes(plan, value);
  return value;
}

function rewriteProbes(plan: PortPlan, text: string): string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    // Not ours to judge: queue-proxy itself says what is wrong with it.
    return text;
  }
  const rewritten = Array.isArray(parsed) ? parsed.map((probe) => rewriteProbe(plan, probe)) : rewriteProbe(plan, parsed);
  return JSON.stringify(rewritten);
}

function rewriteProbe(plan: PortPlan, probe: unknown): unknown {
  if (typeof probe !== 'object' || probe === null) return probe;
  return Object.fromEntries(
    Object.entries(probe).map(([key, action]) => {
      if (typeof action !== 'object' || action === null || !('port' in action)) return [key, action];
      return [key, { ...action, port: plan.get(Number(action.port)) ?? action.port }];
    }),
  );
}

/** The real port of a probe or hook that names one by number or by the container's name for it. */
export function resolveActionPort(plan: PortPlan, container: Container, port: number | string): number | undefined {
  const declared =
    typeof port === 'number' || /^\d+$/.test(port)
      ? Number(port)
      : container.ports?.find(({ name }) => name === port)?.containerPort;
  return declared === undefined ? undefined : (plan.get(declared) ?? declared);
}

/** The port that an action needs, if it needs one. */
export function actionPort(action: ProbeHandler): number | string | undefined {
  return (action.httpGet ?? action.tcpSocket ?? action.grpc)?.port;
}
