import * as fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import type { Codec } from '../codec/codec.ts';
import { loadCodec } from '../codec/load-codec.ts';
import type { RevisionLoad } from '../load/revision-load.ts';
import { decodeStreamLoadResponse, encodeStreamLoadResponse } from './stream-load-wire.ts';

const messageName = 'sluice.load.v1.StreamLoadResponse';
let codec: Codec;
beforeAll(async () => {
  codec = await loadCodec('load');
});

const count = fc.oneof(fc.nat(1000), fc.double({ min: 0, max: 1e6, noNaN: true }));
const loads: fc.Arbitrary<readonly RevisionLoad[]> = fc.array(
  fc.record({
    namespace: fc.string(),
    revision: fc.string(),
    podName: fc.string({ unit: 'binary' }),
    source: fc.constantFrom('SIDECAR' as const, 'ACTIVATOR' as const),
    averageConcurrentRequests: count,
    averageProxiedConcurrentRequests: count,
    requestCount: count,
    proxiedRequestCount: count,
    requestsInProgress: fc.oneof(fc.nat(100), fc.maxSafeInteger().filter((value) => value >= 0)),
    intervalMs: fc.oneof(fc.constant(0), fc.nat(1000), fc.integer({ min: 0, max: 10_000_000 }).map((us) => us / 1000)),
    receivedAt: fc.integer({ min: 0, max: 4_000_000_000_000 }),
  }),
  { maxLength: 5 },
);

/** The message as the schema has it. */
function jsonOf(load: RevisionLoad) {
  return {
    namespace: load.namespace,
    revision: load.revision,
    pod_name: load.podName,
    source: load.source,
    average_concurrent_requests: load.averageConcurrentRequests,
    average_proxied_concurrent_requests: load.averageProxiedConcurrentRequests,
    request_count: load.requestCount,
    proxied_request_count: load.proxiedRequestCount,
    requests_in_progress: String(load.requestsInProgress),
    interval: `${(load.intervalMs / 1000).toFixed(6)}s`,
    received_at: new Date(load.receivedAt).toISOString(),
  };
}

test('what is written by hand is what the schema writes', () => {
  fc.assert(
    fc.property(loads, (all) => {
      const bySchema = codec.encode(messageName, { loads: all.map(jsonOf) });
      if (!bySchema.ok) throw new Error(JSON.stringify(bySchema.problems));
      const byHand = encodeStreamLoadResponse({ loads: all });
      // Empty texts and zeros are left out by both, so the same bytes come of it.
      expect(Buffer.from(byHand).toString('hex')).toBe(Buffer.from(bySchema.value).toString('hex'));
    }),
    { numRuns: 50 },
  );
});

test('what is read is what was written', () => {
  fc.assert(
    fc.property(loads, (all) => {
      expect(decodeStreamLoadResponse(encodeStreamLoadResponse({ loads: all }))).toEqual({ loads: all });
    }),
    { numRuns: 50 },
  );
});

test('fields that are not known are passed over', () => {
  // 15: a text, in the message and in a load; a load of namespace "a".
  expect(decodeStreamLoadResponse(Buffer.from('7a01780a067a01780a0161', 'hex')).loads).toMatchObject([{ namespace: 'a', revision: '' }]);
});

test.each(['0a05', '0a030a0561', '0a0129', '0a0348ffff', '0a020aff', '0a040a02fffe'])('what is no such message is refused: %s', (hex) => {
  expect(() => decodeStreamLoadResponse(Buffer.from(hex, 'hex'))).toThrow('are not a sluice.load.v1.StreamLoadResponse');
});

test('how long whoever woke a revision waited comes out as it went in', () => {
  const load: RevisionLoad = {
    namespace: 'default',
    revision: 'hello-00001',
    podName: 'activator',
    source: 'ACTIVATOR',
    averageConcurrentRequests: 1,
    averageProxiedConcurrentRequests: 0,
    requestCount: 1,
    proxiedRequestCount: 0,
    requestsInProgress: 1,
    intervalMs: 1000,
    receivedAt: 1,
  };
  const coldStart = { waitMs: 212.5, firstByteMs: 0 };
  expect(decodeStreamLoadResponse(encodeStreamLoadResponse({ loads: [{ ...load, coldStart }, load] })).loads).toEqual([{ ...load, coldStart }, load]);
});
