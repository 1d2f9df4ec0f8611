/** Every invariant must be able to fail: each sees a small history in which one thing is wrong, and says so. */
import { expect, test } from 'vitest';
import type { ClientRequest, ClientResult } from '../clients.ts';
import type { MeshAtRest } from '../mesh-at-rest.ts';
import type { Observation } from '../observation.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { ServicePlan } from '../scenario/service-plan.ts';
import { badPushRefused } from './bad-push.ts';
import { bounded } from './bounded.ts';
import { calm } from './calm.ts';
import { concurrencyLimit } from './concurrency-limit.ts';
import type { Invariant } from './invariant.ts';
import { knownEndpointsOnly } from './known-endpoints.ts';
import { nothingHeld } from './nothing-held.ts';
import { oneAnswer } from './one-answer.ts';
import { oneLogLine } from './one-log-line.ts';
import { panicNeverFalls } from './panic.ts';
import { processedOnce } from './processed-once.ts';
import { settled } from './settled.ts';
import { successOutsideFaults } from './success-outside-faults.ts';
import { versionsMoveForward } from './versions.ts';

const service: ServicePlan = {
  name: 's1',
  containerConcurrency: 1,
  windowSeconds: 6,
  minScale: 0,
  maxScale: 0,
  targetBurstCapacity: 0,
  initialScale: 1,
  program: { startupMs: [1, 1], serviceMs: [1, 1], responseBytes: 5, isChunked: false },
};
const scenario: Scenario = { seed: 1, graceSeconds: 6, services: [service], traffic: [], changes: [], faults: [], quietAtMs: 0 };
const nothing: MeshAtRest = { requests: [], processes: [], services: [] };
const pod = { name: 'pod-1', service: 's1', containerConcurrency: 1 };

/** What an invariant says about a history. */
async function judge(invariant: Invariant, observations: readonly Observation[], atRest: Partial<MeshAtRest> = {}): Promise<string[]> {
  const messages: string[] = [];
  const watch = invariant.create({ scenario, violated: (message) => messages.push(message) });
  for (const observation of observations) watch.observe?.(observation);
  await watch.checkAtRest?.({ ...nothing, ...atRest });
  return messages;
}

function request(result: ClientResult | undefined, answers = 1): ClientRequest {
  return { id: 1, service: 's1', host: 's1.default.localhost', startedAt: 100, sends: 1, endedAt: 200, result, answers };
}

function answer(status: number, answers = '/request/1/1', body = 'xxxxx'): ClientResult {
  return { kind: 'answered', status, headers: new Map([['x-answers', answers]]), body };
}

function history(ended: ClientRequest): Observation[] {
  return [
    { at: 100, kind: 'request sent', path: '/request/1/1', request: ended },
    { at: 200, kind: 'request ended', request: ended },
  ];
}

test('one answer: lost, doubled, somebody else\'s and cut answers are found', async () => {
  expect(await judge(oneAnswer, history(request(answer(200))))).toEqual([]);
  expect(await judge(oneAnswer, history(request(undefined, 0)))).toEqual(['request 1 to s1 never ended']);
  expect(await judge(oneAnswer, history(request(answer(200), 2)))).toEqual(['request 1 to s1 was answered 2 times']);
  expect(await judge(oneAnswer, history(request(answer(200, '/request/2/1'))))).toEqual(['request 1 got the answer to /request/2/1']);
  expect(await judge(oneAnswer, history(request(answer(200, '/request/1/1', 'xx'))))).toEqual(['request 1 got 2 of 5 bytes']);
});

test('one log line: a second line and a missing one are found', async () => {
  const line: Observation = { at: 200, kind: 'access log', process: 'gateway', fields: { path: '/request/1/1' } };
  const sent = history(request(answer(200)));
  const { requests } = { requests: [request(answer(200))] };
  expect(await judge(oneLogLine, [...sent, line], { requests })).toEqual([]);
  expect(await judge(oneLogLine, [...sent, line, line], { requests })).toEqual(['a second line about /request/1/1']);
  expect(await judge(oneLogLine, sent, { requests })).toEqual(['no line about /request/1/1']);
});

test('processed once: a request that reaches two programs is found', async () => {
  const arrived = (method: string): Observation => ({
    at: 150,
    kind: 'program busy',
    pod,
    change: 'arrived',
    method,
    path: '/request/1/1',
    concurrency: 1,
  });
  const died: Observation = { at: 151, kind: 'process ended', process: 'pod-1/user-container' };
  expect(await judge(processedOnce, [arrived('GET')])).toEqual([]);
  expect(await judge(processedOnce, [arrived('GET'), arrived('GET')])).toEqual(['GET /request/1/1 reached pod-1 and then pod-1']);
  expect(await judge(processedOnce, [arrived('GET'), died, arrived('GET')])).toEqual([]);
  expect(await judge(processedOnce, [arrived('POST'), died, arrived('POST')])).toHaveLength(1);
});

test('concurrency: one request more than the limit is found', async () => {
  const busy = (concurrency: number): Observation => ({ at: 1, kind: 'program busy', pod, change: 'arrived', method: 'GET', path: '/', concurrency });
  expect(await judge(concurrencyLimit, [busy(1)])).toEqual([]);
  expect(await judge(concurrencyLimit, [busy(2)])).toEqual(['pod-1 has 2 requests at once, its limit is 1']);
});

test('success: an error is found, unless a fault or a crowd excuses it', async () => {
  const failed = request(answer(503));
  const killed = (at: number): Observation[] => [
    { at, kind: 'fault begins', plan: { atMs: at, forMs: 0, fault: { kind: 'kill-pod', service: 's1', container: 'user-container' } } },
    { at, kind: 'process ended', process: 'pod-1/user-container' },
    { at: at + 10, kind: 'process started', process: 'pod-1/user-container' },
  ];
  const requests = [failed];
  expect(await judge(successOutsideFaults, history(failed), { requests })).toEqual(['request 1 to s1, sent at 0.100: 503 xxxxx']);
  expect(await judge(successOutsideFaults, [...killed(50), ...history(failed)], { requests })).toEqual([]);
  expect(await judge(successOutsideFaults, [...history(failed), ...killed(300)], { requests })).toHaveLength(1);
  expect(await judge(successOutsideFaults, [...killed(-10_000), ...history(failed)], { requests })).toHaveLength(1);
  const crowd = Array.from({ length: 12 }, (_, index): Observation => ({
    at: 100,
    kind: 'request sent',
    path: `/request/${index + 2}/1`,
    request: { ...request(answer(200)), id: index + 2 },
  }));
  expect(await judge(successOutsideFaults, [...history(failed).slice(0, 1), ...crowd], { requests })).toEqual([]);
  // Eleven are no crowd, unless somebody's place is still kept who has left a moment ago.
  const left = { ...request({ kind: 'hung-up' }), id: 20, endedAt: 95 };
  const leaving: Observation[] = [
    { at: 50, kind: 'request sent', path: '/request/20/1', request: left },
    { at: 95, kind: 'request ended', request: left },
  ];
  const few = [...history(failed).slice(0, 1), ...crowd.slice(0, 10)];
  expect(await judge(successOutsideFaults, few, { requests })).toHaveLength(1);
  expect(await judge(successOutsideFaults, [...leaving, ...few], { requests })).toEqual([]);
});

test('endpoints: one never heard of and one long gone are found', async () => {
  const to = { host: '127.1.0.1', port: 8012 };
  const connect = (at: number): Observation => ({ at, kind: 'connect', process: 'gateway', to, isProxy: true });
  const applied = (at: number, ...endpoints: string[]): Observation => ({
    at,
    kind: 'config applied',
    process: 'gateway',
    endpoints: new Set(endpoints),
  });
  expect(await judge(knownEndpointsOnly, [applied(1, '127.1.0.1:8012'), connect(2)])).toEqual([]);
  expect(await judge(knownEndpointsOnly, [connect(2)])).toEqual(['gateway connects to 127.1.0.1:8012, of which it was never told']);
  expect(await judge(knownEndpointsOnly, [applied(1, '127.1.0.1:8012'), applied(10), connect(20)])).toEqual([]);
  expect(await judge(knownEndpointsOnly, [applied(1, '127.1.0.1:8012'), applied(10), connect(5010)])).toEqual([
    'gateway connects to 127.1.0.1:8012, which went away 5000 ms ago',
  ]);
});

test('versions: a nonce never sent, a step back and a refusal that claims the refused version are found', async () => {
  const typeUrl = 'type.googleapis.com/envoy.config.cluster.v3.Cluster';
  const respond = (versionInfo: string, nonce: string): Observation => ({
    at: 1,
    kind: 'xds response',
    stream: 1,
    process: 'gateway',
    response: { typeUrl, versionInfo, nonce, resources: [] },
  });
  const reply = (versionInfo: string, responseNonce: string, refused = false): Observation => ({
    at: 2,
    kind: 'xds request',
    stream: 1,
    process: 'gateway',
    request: { typeUrl, versionInfo, responseNonce, resourceNames: [], ...(refused ? { errorDetail: { code: 3, message: 'bad' } } : {}) },
  });
  expect(await judge(versionsMoveForward, [respond('a', '1'), reply('a', '1'), respond('b', '2'), reply('a', '2', true)])).toEqual([]);
  expect(await judge(versionsMoveForward, [reply('a', '7')])).toEqual(['gateway: answers a nonce it was never sent: 7']);
  expect(await judge(versionsMoveForward, [respond('a', '1'), respond('b', '2'), reply('b', '2'), reply('a', '1')])).not.toEqual([]);
  expect(await judge(versionsMoveForward, [respond('a', '1'), reply('a', '1'), respond('b', '2'), reply('b', '2', true)])).not.toEqual([]);
});

test('invalid push: accepting it, changing by it and silence are found', async () => {
  const typeUrl = 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration';
  const applied = (version: string): Observation => ({
    at: 1,
    kind: 'log',
    process: 'gateway',
    level: 'info',
    event: 'config applied',
    fields: { version },
  });
  const push: Observation = {
    at: 2,
    kind: 'xds response',
    stream: 1,
    process: 'gateway',
    response: { typeUrl, versionInfo: 'bad', nonce: 'x', resources: [] },
  };
  const reply = (refused: boolean): Observation => ({
    at: 3,
    kind: 'xds request',
    stream: 1,
    process: 'gateway',
    request: { typeUrl, versionInfo: 'a', responseNonce: 'x', resourceNames: [], ...(refused ? { errorDetail: { code: 3, message: 'no' } } : {}) },
  });
  expect(await judge(badPushRefused, [applied('1'), push, reply(true)])).toEqual([]);
  expect(await judge(badPushRefused, [applied('1'), push, reply(false)])).toEqual(['gateway accepted an invalid push']);
  expect(await judge(badPushRefused, [applied('1'), push, applied('2'), reply(true)])).toEqual(['gateway went from 1 to 2 by an invalid push']);
  expect(await judge(badPushRefused, [applied('1'), push])).toEqual(['gateway never answered an invalid push']);
});

test('panic: a fall of the desired scale is found', async () => {
  const decision = (from: number, to: number, panicking: boolean): Observation => ({
    at: 1,
    kind: 'log',
    process: 'autoscaler',
    level: 'info',
    event: 'scale decision',
    fields: { revision: 'default/s1-00001', from, to, panicking },
  });
  expect(await judge(panicNeverFalls, [decision(1, 5, true), decision(5, 2, false)])).toEqual([]);
  expect(await judge(panicNeverFalls, [decision(1, 5, true), decision(5, 2, true)])).toEqual(['default/s1-00001 from 5 to 2 in panic']);
  expect(await judge(panicNeverFalls, [decision(1, 5, true), decision(1, 2, true)])).toEqual([]);
  const restarted: Observation = { at: 1, kind: 'process started', process: 'autoscaler' };
  expect(await judge(panicNeverFalls, [decision(1, 5, true), restarted, decision(5, 2, true)])).toEqual([]);
});

test('bounds: a queue above its limit is found', async () => {
  const gauges = (value: number): Observation => ({ at: 1, kind: 'gauges', process: 'activator', gauges: [{ what: 'queue', value, limit: 10 }] });
  expect(await judge(bounded, [gauges(10)])).toEqual([]);
  expect(await judge(bounded, [gauges(11)])).toEqual(['activator: queue is 11, its limit is 10']);
});

test('at rest: what is held, unsettled or busy is found', async () => {
  const process = { name: 'gateway', held: new Map([['streams', 0]]), timersPerSecond: 20 };
  expect(await judge(nothingHeld, [], { processes: [process] })).toEqual([]);
  expect(await judge(nothingHeld, [], { processes: [{ ...process, held: new Map([['streams', 1]]) }] })).toEqual(['gateway holds 1 streams']);
  const stopped: Observation = { at: 1, kind: 'process stopped', process: 'pod-1', held: new Map([['queue slots', 1]]) };
  expect(await judge(nothingHeld, [stopped])).toEqual(['pod-1 holds 1 queue slots']);
  expect(await judge(calm, [], { processes: [process] })).toEqual([]);
  expect(await judge(calm, [], { processes: [{ ...process, timersPerSecond: 1000 }] })).toEqual(['gateway fires 1000.0 timers a second']);
  const revision = { name: 's1-00001', isRouted: true, replicas: 0, pods: 0 };
  expect(await judge(settled, [], { services: [{ name: 's1', ready: 'True', revisions: [revision] }] })).toEqual([]);
  expect(
    await judge(settled, [], { services: [{ name: 's1', ready: 'False', revisions: [{ ...revision, replicas: 2, pods: 3 }] }] }),
  ).toEqual([
    'service s1 is Ready=False',
    'revision s1-00001 wants 2 pods, expected 0',
    'revision s1-00001 wants 2 pods and has 3',
  ]);
});
