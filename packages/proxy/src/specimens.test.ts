import { setImmediate as nextRound } from 'node:timers/promises';
import { collectAllGarbage } from '@sluice/kernel';
import { expect, test } from 'vitest';
import type { HttpFilter } from './filters/filter.ts';
import { RouterFilter } from './filters/router/router-filter.ts';
import { createTestConfig, openTestClient, startTestProxy, startTestUpstream, type TestProtocol } from './testing/index.ts';

const protocols: readonly TestProtocol[] = ['h1', 'h2'];

test.each(protocols)('the last stream outlives a full collection, so that code for its kind does, and those before it do not (%s)', async (protocol) => {
  await using upstream = await startTestUpstream(protocol, (_, response) => response.end('ok'));
  const ended: WeakRef<object>[] = [];
  const witness: HttpFilter = { name: 'witness', onEnd: (stream) => void ended.push(new WeakRef(stream)) };
  await using proxy = await startTestProxy(createTestConfig({ upstreams: [upstream.address], protocol, manager: { filters: [witness, new RouterFilter({ suppressEnvoyHeaders: true })] } }));
  using client = openTestClient(protocol, proxy.address);
  for (let count = 0; count < 3; count += 1) await client.ask({});
  // What a weak reference was asked for lives on until the round of the event loop is over.
  await nextRound();
  collectAllGarbage();
  expect(ended.map((stream) => stream.deref() !== undefined)).toEqual([false, false, true]);
});
