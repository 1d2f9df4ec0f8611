import { Buffer } from 'node:buffer';
import { SimulatedTime } from '@sluice/kernel/testing';
import { expect, test } from 'vitest';
import { startFilterProxy } from '../../testing/index.ts';
import { RateTransform } from './rate-transform.ts';

const typeName = 'type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault';
const always = { numerator: 100 };

function createRate(bytesPerSecond: number) {
  const time = new SimulatedTime();
  const events: (number | string)[] = [];
  const sink = { onData: (bytes: Buffer) => void events.push(bytes.length), onEnd: () => void events.push('end'), onReady: () => void events.push('ready'), onError: () => void events.push('error') };
  return { time, events, transform: new RateTransform(bytesPerSecond, sink, time) };
}

test('bytes come through in sixteen steps a second', () => {
  const { time, events, transform } = createRate(160);
  transform.write(Buffer.alloc(25));
  transform.end();
  expect(events).toEqual([10]);
  time.advance(63);
  expect(events).toEqual([10, 10]);
  time.advance(63);
  expect(events).toEqual([10, 10, 5, 'end']);
});

test('whoever is paused gets nothing, and a source that is too fast waits', () => {
  const { time, events, transform } = createRate(1_600_000);
  expect(transform.write(Buffer.alloc(200_000))).toBe(false);
  transform.pause();
  time.advance(1000);
  expect(events).toEqual([100_000]);
  transform.resume();
  expect(events).toEqual([100_000, 100_000]);
  time.advance(100);
  expect(events).toEqual([100_000, 100_000, 'ready']);
});

test('a response may be slowed down, also as its client wishes', async () => {
  const response_rate_limit = { header_limit: {}, percentage: always };
  await using proxy = await startFilterProxy({ filters: [{ name: 'fault', typed_config: { '@type': typeName, response_rate_limit } }] });
  expect((await proxy.request({ headers: { 'x-envoy-fault-throughput-response': '1' } })).body.toString()).toBe('hello');
  expect((await proxy.request()).body.toString()).toBe('hello');
  expect(proxy.metric('envoy_http_fault_response_rl_injected')).toBe(1);
  await using fixed = await startFilterProxy({ filters: [{ name: 'fault', typed_config: { '@type': typeName, response_rate_limit: { fixed_limit: { limit_kbps: 1000 }, percentage: always } } }] });
  expect((await fixed.request()).body.toString()).toBe('hello');
  expect([fixed.metric('envoy_http_fault_response_rl_injected'), fixed.metric('envoy_http_fault_active_faults')]).toEqual([1, 0]);
});
