import { RequestHead } from '@sluice/http';
import { createSeededRandom } from '@sluice/kernel';
import { expect, test } from 'vitest';
import { decideTrace } from './trace-decision.ts';

const all = { clientRatio: 1, randomRatio: 1, overallRatio: 1 };
const never = { clientRatio: 0, randomRatio: 0, overallRatio: 1 };
const random = createSeededRandom(1);
const byId = { packsReason: true, samplesById: true };

function headWith(headers: Readonly<Record<string, string>>): RequestHead {
  const head = new RequestHead();
  for (const [name, value] of Object.entries(headers)) head.add(name, value);
  return head;
}

const id = (reason: string) => ({ 'x-request-id': `6f0d4b5c-2b1e-${reason}f0a-8c3d-1a2b3c4d5e6f` });

test.each([
  ['the caller samples', true, {}, never, 'sampled'],
  ['the caller does not, whatever we would', false, { 'x-envoy-force-trace': '1' }, all, 'none'],
  ['the caller samples, whatever the overall share', true, {}, { ...all, overallRatio: 0 }, 'sampled'],
  ['nobody asks, and chance is certain', undefined, {}, all, 'sampled'],
  ['nobody asks, and chance is nil', undefined, {}, never, 'none'],
  ['the client asks', undefined, { 'x-client-trace-id': 'a' }, { ...never, clientRatio: 1 }, 'client-forced'],
  ['the client asks in vain', undefined, { 'x-client-trace-id': 'a' }, never, 'none'],
  ['a service forces', undefined, { 'x-envoy-force-trace': 'true' }, never, 'service-forced'],
  ['the overall share is nil', undefined, { 'x-envoy-force-trace': 'true' }, { ...all, overallRatio: 0 }, 'none'],
  ['the identifier says sampled', undefined, id('9'), never, 'sampled'],
  ['the identifier says forced by a service', undefined, id('a'), never, 'service-forced'],
  ['the identifier says forced by a client', undefined, id('b'), never, 'client-forced'],
  ['the identifier says no more than that it is one', undefined, id('4'), never, 'none'],
  ['an identifier of another shape', undefined, { 'x-request-id': 'aaaaaaaaaaaaaa9' }, never, 'none'],
] as const)('%s', (_title, parentSampled, headers, ratios, reason) => {
  expect(decideTrace(headWith(headers), parentSampled, ratios, random, byId)).toBe(reason);
});

test('one percent is one percent', () => {
  const seeded = createSeededRandom(42);
  const head = headWith({});
  let traced = 0;
  for (let index = 0; index < 100_000; index += 1) if (decideTrace(head, undefined, { ...all, randomRatio: 0.01 }, seeded, byId) !== 'none') traced += 1;
  // Three standard deviations of 100 000 draws are 95.
  expect(Math.abs(traced - 1_000)).toBeLessThan(95);
});

test('the overall share is taken of what chance has chosen', () => {
  const seeded = createSeededRandom(42);
  const head = headWith({});
  let traced = 0;
  for (let index = 0; index < 20_000; index += 1) if (decideTrace(head, undefined, { ...all, randomRatio: 0.5, overallRatio: 0.2 }, seeded, byId) !== 'none') traced += 1;
  expect(Math.abs(traced - 2_000)).toBeLessThan(130);
});

test('the identifier chooses the same requests at every hop, and within the overall share', () => {
  // 0x6f0d4b5c is 1863142236: 2236 of ten thousand.
  const head = headWith(id('4'));
  const decide = (randomRatio: number, overallRatio = 1) => decideTrace(head, undefined, { ...never, randomRatio, overallRatio }, { next: () => 0.999 }, byId);
  expect(decide(0.2237)).toBe('sampled');
  expect(decide(0.2236)).toBe('none');
  expect(decide(0.5, 0.3)).toBe('sampled');
  expect(decide(0.5, 0.2)).toBe('none');
});

test('chance decides where the identifier is not to, or is no number', () => {
  const ratios = { ...never, randomRatio: 0.5 };
  const draw = (next: number, headers: Readonly<Record<string, string>>, use = byId) => decideTrace(headWith(headers), undefined, ratios, { next: () => next }, use);
  expect(draw(0.1, id('4'), { ...byId, samplesById: false })).toBe('sampled');
  expect(draw(0.9, id('4'), { ...byId, samplesById: false })).toBe('none');
  expect(draw(0.1, { 'x-request-id': 'order-17' })).toBe('sampled');
  expect(draw(0.9, { 'x-request-id': 'order-17' })).toBe('none');
});

test('an identifier without packed reasons says none', () => {
  expect(decideTrace(headWith(id('b')), undefined, never, random, { ...byId, packsReason: false })).toBe('none');
});
