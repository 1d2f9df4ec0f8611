import { SimulatedTime } from '@sluice/kernel/testing';
import { describe, expect, test } from 'vitest';
import { ThrottledTransport, type ThrottledTransportOptions } from './throttled-transport.ts';
import type { ApiRequest, ApiResponse } from './transport.ts';

const request: ApiRequest = { method: 'GET', path: '/', headers: {} };

async function* nothing(): AsyncGenerator<Uint8Array> {}

function answering(statuses: readonly (readonly [number, Record<string, string>?])[], options: Partial<ThrottledTransportOptions> = {}) {
  const time = new SimulatedTime();
  const sentAt: number[] = [];
  const waits: string[] = [];
  const send = async (): Promise<ApiResponse> => {
    const [status, headers = {}] = statuses[Math.min(sentAt.length, statuses.length - 1)] ?? [200];
    sentAt.push(time.now());
    return { status, headers, body: nothing() };
  };
  const transport = new ThrottledTransport({ transport: { send }, clock: time, timers: time, onWait: (reason, ms) => waits.push(`${reason} ${ms}`), ...options });
  return { time, transport, sentAt, waits };
}

describe('a throttled transport', () => {
  test('lets a burst pass and then goes at its pace', async () => {
    const { time, transport, sentAt } = answering([[200]], { requestsPerSecond: 10, burst: 3 });
    const start = time.now();
    const all = Promise.all(Array.from({ length: 6 }, () => transport.send(request)));
    await time.advanceAsync(1000);
    await all;
    expect(sentAt.map((at) => at - start)).toEqual([0, 0, 0, 100, 200, 300]);
  });

  test('gathers no more than one burst in a quiet time', async () => {
    const { time, transport, sentAt } = answering([[200]], { requestsPerSecond: 10, burst: 2 });
    await transport.send(request);
    await time.advanceAsync(60_000);
    const start = time.now();
    const all = Promise.all([transport.send(request), transport.send(request), transport.send(request)]);
    await time.advanceAsync(1000);
    await all;
    expect(sentAt.slice(1).map((at) => at - start)).toEqual([0, 0, 100]);
  });

  test('waits as long as a busy server asks, and goes again', async () => {
    const { time, transport, sentAt, waits } = answering([[429, { 'retry-after': '2' }], [429], [200]]);
    const start = time.now();
    const answer = transport.send(request);
    await time.advanceAsync(10_000);
    expect((await answer).status).toBe(200);
    expect(sentAt.map((at) => at - start)).toEqual([0, 2000, 3000]);
    expect(waits).toEqual(['server 2000', 'server 1000']);
  });

  test('gives the refusal back when the server stays busy', async () => {
    const { time, transport, sentAt } = answering([[429, { 'retry-after': '1' }]], { retriesMax: 3 });
    const answer = transport.send(request);
    await time.advanceAsync(10_000);
    expect([(await answer).status, sentAt.length]).toEqual([429, 4]);
  });

  test('whoever gives up while waiting is let go', async () => {
    const { time, transport, sentAt } = answering([[429, { 'retry-after': '60' }]]);
    const stop = new AbortController();
    const answer = transport.send({ ...request, signal: stop.signal });
    await time.advanceAsync(0);
    stop.abort(new Error('enough'));
    await expect(answer).rejects.toThrow('enough');
    await time.advanceAsync(120_000);
    expect([sentAt.length, time.pending]).toEqual([1, 0]);
  });

  test('other refusals are none of its business', async () => {
    const { transport, sentAt } = answering([[503, { 'retry-after': '1' }]]);
    expect((await transport.send(request)).status).toBe(503);
    expect(sentAt).toHaveLength(1);
  });
});
