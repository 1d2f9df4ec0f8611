/** The one container of a revision that takes its requests. */
import type { Protocol } from '../api/pod-autoscaler.ts';
import type { Container } from '../api/pod-spec.ts';
import type { Revision, RevisionSpec } from '../api/revision.ts';

/** The port that a program is told to listen on when its revision names none. */
export const defaultUserPort = 8080;

/** The container with a port; the only one where there is only one. */
export function servingContainer(spec: RevisionSpec): Container | undefined {
  const containers = spec.containers ?? [];
  return containers.find(({ ports }) => ports !== undefined && ports.length > 0) ?? containers[0];
}

export function userPort(spec: RevisionSpec): number {
  return servingContainer(spec)?.ports?.[0]?.containerPort ?? defaultUserPort;
}

/** `h2c` when the port is named so, else `http1`. */
export function protocolOf(revision: Revision): Protocol {
  return servingContainer(revision.spec)?.ports?.[0]?.name === 'h2c' ? 'h2c' : 'http1';
}

/** Ports of the queue-proxy, from the contract between ingress, autoscaler and sidecar. */
export const queuePorts = {
  http1: 8012,
  h2c: 8013,
  https: 8112,
  admin: 8022,
  autoscalerMetrics: 9090,
  userMetrics: 9091,
  profiling: 8008,
} as const;

/** Where the sidecar takes requests in `protocol`. */
export function queueServingPort(protocol: Protocol): number {
  return protocol === 'h2c' ? queuePorts.h2c : queuePorts.http1;
}
