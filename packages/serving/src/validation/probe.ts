/** Rules for probes. */
import type { Probe } from '../api/pod-spec.ts';
import { because, oneOf, outOfBounds, within, type FieldProblem } from './field-problem.ts';
import { onlyMembers } from './members.ts';

const int32Max = 2_147_483_647;
const handlers = ['exec', 'grpc', 'httpGet', 'tcpSocket'] as const;

const allowedFields = new Set<string>([
  ...handlers,
  'initialDelaySeconds',
  'timeoutSeconds',
  'periodSeconds',
  'successThreshold',
  'failureThreshold',
  'terminationGracePeriodSeconds',
]);

/** Any probe: exactly one way to ask. One that is named and left empty is not given. */
export function checkProbe(path: string, probe: Probe | undefined): FieldProblem[] {
  if (probe === undefined) return [];
  const given = handlers.filter((handler) => (probe[handler] ?? undefined) !== undefined);
  const found = onlyMembers(probe, allowedFields);
  if (given.length !== 1) found.push(given.length === 0 ? oneOf('neither', ...handlers) : oneOf('both', ...given));
  return within(path, found);
}

/**
 * A readiness probe, whose numbers count: a period of 0 hands the rhythm to the sidecar, and then thresholds
 * and timeouts have no meaning.
 */
export function checkReadinessProbe(probe: Probe | undefined): FieldProblem[] {
  if (probe === undefined) return [];
  const { periodSeconds = 0, initialDelaySeconds = 0, successThreshold = 0, failureThreshold = 0, timeoutSeconds = 0 } = probe;
  const found: FieldProblem[] = [];
  const atLeast = (least: number, value: number, member: string) => {
    if (value < least || value > int32Max) found.push(outOfBounds(value, least, int32Max, member));
  };
  atLeast(0, periodSeconds, 'periodSeconds');
  atLeast(0, initialDelaySeconds, 'initialDelaySeconds');
  atLeast(1, successThreshold, 'successThreshold');
  if (periodSeconds === 0) {
    if (failureThreshold !== 0) found.push(because('failureThreshold is disallowed when periodSeconds is zero', 'failureThreshold'));
    if (timeoutSeconds !== 0) found.push(because('timeoutSeconds is disallowed when periodSeconds is zero', 'timeoutSeconds'));
  } else {
    atLeast(1, timeoutSeconds, 'timeoutSeconds');
    atLeast(1, failureThreshold, 'failureThreshold');
  }
  return [...checkProbe('readinessProbe', probe), ...within('readinessProbe', found)];
}
