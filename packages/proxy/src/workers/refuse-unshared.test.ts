import { formatProblem } from '@sluice/kernel';
import { expect, test } from 'vitest';
import { createTestConfig } from '../testing/index.ts';
import type { ProxyConfig } from '../proxy-config.ts';
import { refuseUnshared } from './refuse-unshared.ts';
import { emptySnapshot } from './snapshot-change.ts';

function configWith(changes: object): ProxyConfig {
  const config = createTestConfig({ upstreams: [] });
  return { ...config, listeners: new Map([...config.listeners].map(([name, listener]) => [name, { ...listener, reusePort: true, ...changes }])) };
}

function problemsWith(changes: object, filter?: object): readonly string[] {
  const json = { filter_chains: [{ filters: [{ typed_config: { http_filters: [{ typed_config: filter }] } }] }] };
  const listener = { typeUrl: '', name: 'main', version: '', versionInfo: '', json, value: undefined as never, isStatic: true, path: '', updatedWallTime: 0 };
  return refuseUnshared(configWith(changes), { ...emptySnapshot, listeners: new Map([['main', listener]]) }).map(formatProblem);
}

const localRateLimit = { '@type': 'type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit' };

test('a listener that shares its port passes', () => {
  expect(problemsWith({})).toEqual([]);
});

test('a Unix socket is refused', () => {
  expect(problemsWith({ address: { host: '', port: 0, path: '/run/x.sock' } })).toEqual(['listeners[main].address: is a Unix socket, which workers cannot share: must run with a concurrency of 1']);
});

test('a port of its own is refused', () => {
  expect(problemsWith({ reusePort: false })).toEqual(['listeners[main].enable_reuse_port: is false, which workers need to share the address: must run with a concurrency of 1']);
});

test('a filter that counts for the whole process is refused, unless it counts by connection', () => {
  expect(problemsWith({}, localRateLimit)).toEqual(['listeners[main]: has envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit, which counts in one thread: must run with a concurrency of 1']);
  expect(problemsWith({}, { ...localRateLimit, local_rate_limit_per_downstream_connection: true })).toEqual([]);
});
