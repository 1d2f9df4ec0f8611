/** A running proxy takes another bootstrap: whole, or not at all. */
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { createMeter, createSeededRandom, formatProblem, systemClock, systemTimers } from '@sluice/kernel';
import { RecordingLogger } from '@sluice/kernel/testing';
import { afterEach, expect, test } from 'vitest';
import { routerFactory } from '../filters/router/router-factory.ts';
import { SystemNetwork } from '../network/system-network.ts';
import { startBootstrapProxy } from './bootstrap-proxy.ts';
import { describeDiff } from './bootstrap-diff.ts';
import { parseBootstrap } from './file-bootstrap.ts';

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

const listener = (name: string, body: string, { port = 0, match = '{prefix: /}' } = {}) => `
  - name: ${name}
    address: {socket_address: {address: 127.0.0.1, port_value: ${port}}}
    enable_reuse_port: false
    filter_chains:
    - filters:
      - name: manager
        typed_config:
          '@type': type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: edge
          route_config:
            virtual_hosts:
            - {name: all, domains: ['*'], routes: [{match: ${match}, direct_response: {status: 200, body: {inline_string: ${body}}}}]}
          http_filters:
          - {name: router, typed_config: {'@type': type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}`;

async function load(listeners: readonly string[], clusters = '') {
  const loaded = await parseBootstrap(`static_resources:\n  listeners:${listeners.join('')}\n  clusters: [${clusters}]`, 'b.yaml', [routerFactory]);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.value;
}

async function start(listeners: readonly string[]) {
  const parts = { clock: systemClock, timers: systemTimers, random: createSeededRandom(1), logger: new RecordingLogger(), meter: createMeter() };
  const started = await startBootstrapProxy({ ...parts, loaded: await load(listeners), filters: [routerFactory], network: new SystemNetwork({ accept: 'events', poisonsMemory: true }) });
  if (!started.ok) throw new Error(JSON.stringify(started.problems));
  stops.push(() => started.value.stop());
  const running = started.value;
  return {
    running,
    async says(name: string) {
      const port = running.proxy.listeners().find((one) => one.name === name)?.port;
      return (await fetch(`http://127.0.0.1:${port}/`)).text();
    },
  };
}

test('the next request is served by what has been reloaded', async () => {
  const { running, says } = await start([listener('a', 'before')]);
  const reloaded = await running.reload(await load([listener('a', 'after'), listener('b', 'new')]));
  expect(reloaded.ok && describeDiff(reloaded.value)).toEqual([
    '~ listener a',
    '    filter_chains[0].filters[manager].typed_config.route_config.virtual_hosts[all].routes[0].direct_response.body.inline_string',
    '+ listener b',
  ]);
  expect([await says('a'), await says('b')]).toEqual(['after', 'new']);
});

test('a listener that cannot be bound keeps everything as it was, and is shown at its line', async () => {
  const { running, says } = await start([listener('a', 'before')]);
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  stops.push(() => taken.close());
  const { port } = taken.address() as AddressInfo;
  const reloaded = await running.reload(await load([listener('a', 'after'), listener('b', 'new', { port })], '{name: c, type: STATIC}'));
  expect(reloaded.problems.map(formatProblem).join()).toMatch(/^b.yaml:18:5: static_resources.listeners\[1\].address: listen on 127.0.0.1:\d+: .*EADDRINUSE/);
  expect(await says('a')).toBe('before');
  expect(running.proxy.clusters()).toEqual([]);
  const next = await running.reload(await load([listener('a', 'third')]));
  expect([next.ok, await says('a')]).toEqual([true, 'third']);
});

test('a mistake found by compiling keeps everything as it was', async () => {
  const { running, says } = await start([listener('a', 'before')]);
  const reloaded = await running.reload(await load([listener('a', 'after', { match: "{safe_regex: {regex: '('}}" }), listener('b', 'new')]));
  expect(reloaded.ok).toBe(false);
  expect(reloaded.problems.map(formatProblem).join()).toContain('is no RE2 expression');
  expect([await says('a'), running.proxy.listeners().length]).toEqual(['before', 1]);
});

test('a first regex may come with a reload', async () => {
  const { running, says } = await start([listener('a', 'before')]);
  const reloaded = await running.reload(await load([listener('a', 'after', { match: "{safe_regex: {regex: '/.*'}}" })]));
  expect([reloaded.ok, await says('a')]).toEqual([true, 'after']);
});

test('a listener that moves in the file does not change', async () => {
  const { running } = await start([listener('a', 'one'), listener('b', 'two')]);
  const before = running.applier.applied?.listeners.get('b');
  const reloaded = await running.reload(await load([listener('b', 'two')]));
  expect([reloaded.ok, running.applier.applied?.listeners.get('b') === before]).toEqual([true, true]);
});
