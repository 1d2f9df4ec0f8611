/** Rules for probes. */
import type { Probe } from '../api/pod-spec.ts';
import { because, missing, oneOf, outOfBounds, within, type FieldProblem } from './field-problem.ts';

const int32Max = 2_147_483_647;
const handlers = ['exec', 'grpc', 'httpGet', 'tcpSocket'] as const;

/** Any probe: exactly one way to ask. One that is named and left empty is not given. */
export function checkProbe(path: string, probe: Probe | undefined): FieldProblem[] {
  if (probe === undefined) return [];
  const given = handlers.filter((handler) => (probe[handler] ?? undefined) !== undefined);
  if (given.length === 1) return [];
  return within(path, [given.length === 0 ? oneOf('neither', ...handlers) : oneOf('both', ...given)]);
}

/**
 * A readiness probe, whose numbers count: a period of 0 hands the rhythm to the sidecar, and then thresholds
 * and timeouts have no meaning.
 */
export function checkReadinessProbe(probe: Probe | undefined): FieldProblem[] {
  if (probe === undefined) return [];
  const {
    periodSeconds = 0,
    initialDelaySeconds = 0,
    successThreshold = 0,
    failureThreshold = 0,
    timeoutSeconds = 0,
  } = probe;
  const found: FieldProblem[] = [];
  const atLeast = (least: number, value: number, member: string) => {
    if (value < least || value > int32Max) found.push(outOfBounds(value, least, int32Max, member));
  };
  atLeast(0, periodSeconds, 'periodSeconds');
  atLeast(0, initialDelaySeconds, 'initialDelaySeconds');
  atLeast(1, successThreshold, 'successThreshold');
  if (periodSeconds === 0) {
    if (failureThreshold !== 0)
      found.push(because('failureThreshold is disallowed when periodSeconds is zero', 'failureThreshold'));
    if (timeoutSeconds !== 0)
      found.push(because('timeoutSeconds is disallowed when periodSeconds is zero', 'timeoutSeconds'));
  } else {
    atLeast(1, timeoutSeconds, 'timeoutSeconds');
    atLeast(1, failureThreshold, 'failureThreshold');
  }
  return [...checkProbe('readinessProbe', probe), ...within('readinessProbe', found)];
}

/** A probe of a container that has no port of its own must say which port it means. */
export function checkSidecarProbe(path: string, probe: Probe | undefined): FieldProblem[] {
  const found: FieldProblem[] = [];
  if (probe?.httpGet && !probe.httpGet.port) found.push(missing(`${path}.httpGet.port`));
  if (probe?.tcpSocket && !probe.tcpSocket.port) found.push(missing(`${path}.tcpSocket.port`));
  return found;
}
