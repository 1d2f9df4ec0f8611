/**
 * What a request says about how it is to be tried, in `x-envoy-*` fields that are the router's to read and take out.
 * Whose word counts is decided before: the connection manager takes these fields from clients outside.
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter#http-headers-consumed
 */
import type { RequestHead } from '@sluice/http';
import { retryConditions, type RetryCondition } from '@sluice/resources';

export interface RequestDemands {
  retryOn: readonly RetryCondition[];
  retriesMax: number | undefined;
  statusCodes: readonly number[];
  /** Names of response headers that make a response worth another try. */
  headerNames: readonly string[];
  timeoutMs: number | undefined;
  perTryTimeoutMs: number | undefined;
  hedges: boolean | undefined;
  /** A timeout is answered 204 instead of 504. */
  answersTimeoutWith204: boolean;
  /** How long a try may last, response and all. */
  streamDurationMs: number | undefined;
  /** What could not be read: `invalid header 'x' with value 'y'` is what a strict router answers. */
  readonly faults: { readonly name: string; readonly value: string }[];
}

const grpcWords: ReadonlySet<string> = new Set(['cancelled', 'deadline-exceeded', 'internal', 'resource-exhausted', 'unavailable']);

type Take = (demands: RequestDemands, value: string) => boolean;

const takers: readonly (readonly [name: string, take: Take])[] = [
  ['x-envoy-retry-on', (demands, value) => takeConditions(demands, value, (word) => !grpcWords.has(word))],
  ['x-envoy-retry-grpc-on', (demands, value) => takeConditions(demands, value, (word) => grpcWords.has(word))],
  ['x-envoy-max-retries', (demands, value) => isWhole(value) && ((demands.retriesMax = Number(value)), true)],
  ['x-envoy-retriable-status-codes', takeStatusCodes],
  ['x-envoy-retriable-header-names', (demands, value) => ((demands.headerNames = words(value).map((name) => name.toLowerCase())), true)],
  ['x-envoy-upstream-rq-timeout-ms', (demands, value) => isWhole(value) && ((demands.timeoutMs = Number(value)), true)],
  ['x-envoy-upstream-rq-per-try-timeout-ms', (demands, value) => isWhole(value) && ((demands.perTryTimeoutMs = Number(value)), true)],
  ['x-envoy-hedge-on-per-try-timeout', (demands, value) => ((demands.hedges = value === 'true'), value === 'true' || value === 'false')],
  ['x-envoy-upstream-rq-timeout-alt-response', (demands) => (demands.answersTimeoutWith204 = true)],
  ['x-envoy-upstream-stream-duration-ms', (demands, value) => isWhole(value) && ((demands.streamDurationMs = Number(value)), true)],
  ['x-envoy-upstream-alt-stat-name', () => true],
];

/** Takes them out of the head. */
export function takeDemands(head: RequestHead): RequestDemands {
  const demands: RequestDemands = {
    retryOn: [],
    retriesMax: undefined,
    statusCodes: [],
    headerNames: [],
    timeoutMs: undefined,
    perTryTimeoutMs: undefined,
    hedges: undefined,
    answersTimeoutWith204: false,
    streamDurationMs: undefined,
    faults: [],
  };
  for (const [name, take] of takers) {
    const value = head.get(name);
    if (value === undefined) continue;
    head.remove(name);
    if (!take(demands, value)) demands.faults.push({ name, value });
  }
  return demands;
}

/** Words that are not known are left out, as Envoy does; a strict router refuses them. */
function takeConditions(demands: RequestDemands, value: string, isOurs: (word: string) => boolean): boolean {
  const all = words(value);
  const known = all.filter((word): word is RetryCondition => retryConditions.some((condition) => condition === word) && isOurs(word));
  demands.retryOn = [...demands.retryOn, ...known];
  return known.length === all.length;
}

function takeStatusCodes(demands: RequestDemands, value: string): boolean {
  const all = words(value);
  demands.statusCodes = all.filter((code) => /^[1-5]\d\d$/.test(code)).map(Number);
  return demands.statusCodes.length === all.length;
}

function words(list: string): readonly string[] {
  return list.split(',').map((word) => word.trim()).filter((word) => word !== '');
}

function isWhole(value: string): boolean {
  return /^\d{1,10}$/.test(value);
}
