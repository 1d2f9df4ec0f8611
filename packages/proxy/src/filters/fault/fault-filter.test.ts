import { describe, expect, test } from 'vitest';
import { startFilterProxy, type FilterFixture } from '../../testing/index.ts';

const type = { '@type': 'type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault' };
const always = { percentage: { numerator: 100 } };
const start = (fault: object, perRoute?: object): Promise<FilterFixture> =>
  startFilterProxy({
    filters: [{ name: 'fault', typed_config: { ...type, ...fault } }],
    ...(perRoute ? { route: { typed_per_filter_config: { fault: { ...type, ...perRoute } } } } : {}),
  });

describe('an abort', () => {
  test('answers in place of the upstream', async () => {
    await using proxy = await start({ abort: { http_status: 418, ...always } });
    const { status, body } = await proxy.request();
    expect([status, body.toString(), proxy.upstreamHeads.length]).toEqual([418, 'fault filter abort', 0]);
    expect(await proxy.nextLog()).toBe('418 FI fault_filter_abort');
    expect(proxy.metric('envoy_http_fault_aborts_injected')).toBe(1);
    expect(proxy.metric('envoy_http_fault_active_faults')).toBe(0);
  });

  test('speaks gRPC to those who do, and HTTP to the others', async () => {
    await using proxy = await start({ abort: { grpc_status: 5, ...always } });
    expect((await proxy.request()).status).toBe(404);
    const { status, headers } = await proxy.request({ headers: { 'content-type': 'application/grpc' } });
    expect([status, headers['grpc-status'], headers['grpc-message']]).toEqual([200, '5', 'fault filter abort']);
  });

  test('concerns the share it is configured for, none by default', async () => {
    await using none = await start({ abort: { http_status: 500 } });
    expect((await none.request()).status).toBe(200);
    await using half = await start({ abort: { http_status: 500, percentage: { numerator: 5000, denominator: 'TEN_THOUSAND' } } });
    const statuses = [];
    for (let number = 0; number < 60; number += 1) statuses.push((await half.request()).status);
    const aborted = statuses.filter((status) => status === 500).length;
    expect(aborted).toBeGreaterThan(15);
    expect(aborted).toBeLessThan(45);
  });

  test('by header happens only when a header asks, and never more often than configured', async () => {
    await using proxy = await start({ abort: { header_abort: {}, ...always } });
    expect((await proxy.request()).status).toBe(200);
    expect((await proxy.request({ headers: { 'x-envoy-fault-abort-request': '503' } })).status).toBe(503);
    expect((await proxy.request({ headers: { 'x-envoy-fault-abort-request': '99' } })).status).toBe(200);
    expect((await proxy.request({ headers: { 'x-envoy-fault-abort-grpc-request': '7' } })).status).toBe(403);
    expect((await proxy.request({ headers: { 'x-envoy-fault-abort-request': '503', 'x-envoy-fault-abort-request-percentage': '0' } })).status).toBe(200);
  });
});

describe('a delay', () => {
  test('holds the request, its body too, and then lets it go', async () => {
    await using proxy = await start({ delay: { fixed_delay: '0.15s', ...always } });
    const startedAt = performance.now();
    const { status } = await proxy.request({ method: 'POST', body: 'some bytes' });
    expect(performance.now() - startedAt).toBeGreaterThan(140);
    expect(status).toBe(200);
    expect(await proxy.nextLog()).toBe('200 DI via_upstream');
    expect(proxy.metric('envoy_http_fault_delays_injected')).toBe(1);
  });

  test('by header takes as long as the header says, and an abort may follow', async () => {
    await using proxy = await start({ delay: { header_delay: {}, ...always }, abort: { http_status: 503, ...always } });
    const startedAt = performance.now();
    expect((await proxy.request({ headers: { 'x-envoy-fault-delay-request': '100' } })).status).toBe(503);
    expect(performance.now() - startedAt).toBeGreaterThan(90);
    expect(await proxy.nextLog()).toBe('503 DI,FI fault_filter_abort');
  });

  test('of a client that goes away ends at once', async () => {
    await using proxy = await start({ delay: { fixed_delay: '100s', ...always } });
    const client = await proxy.connect();
    client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    while (proxy.metric('envoy_http_fault_active_faults') === 0) await new Promise((resolve) => setImmediate(resolve));
    client.reset();
    expect(await proxy.nextLog()).toBe('0 DI,DC downstream_remote_disconnect');
    expect(proxy.metric('envoy_http_fault_active_faults')).toBe(0);
  });

  test('spares requests beyond max_active_faults', async () => {
    await using proxy = await start({ delay: { fixed_delay: '100s', ...always }, max_active_faults: 1 });
    const held = await proxy.connect();
    held.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    while (proxy.metric('envoy_http_fault_active_faults') === 0) await new Promise((resolve) => setImmediate(resolve));
    expect((await proxy.request()).status).toBe(200);
    expect(proxy.metric('envoy_http_fault_faults_overflow')).toBe(1);
  });
});

test('only what matches suffers; a route has its own faults', async () => {
  const abort = { http_status: 500, ...always };
  await using byHeader = await start({ abort, headers: [{ name: 'x-test', string_match: { prefix: 'ye' } }] });
  expect((await byHeader.request()).status).toBe(200);
  expect((await byHeader.request({ headers: { 'x-test': 'yes' } })).status).toBe(500);
  await using byCluster = await start({ abort, upstream_cluster: 'other' });
  expect((await byCluster.request()).status).toBe(200);
  await using byNode = await start({ abort, downstream_nodes: ['n1'] });
  expect((await byNode.request({ headers: { 'x-envoy-downstream-service-node': 'n1' } })).status).toBe(500);
  await using byRoute = await start({ abort }, { abort: { http_status: 501, ...always } });
  expect((await byRoute.request()).status).toBe(501);
});

test('what it cannot do is refused', async () => {
  await expect(start({ response_rate_limit: { fixed_limit: {} } })).rejects.toThrow(/http_filters\[0\]\.typed_config\.response_rate_limit\.fixed_limit\.limit_kbps: is required/);
  await expect(start({ abort: { http_status: 99 } })).rejects.toThrow(/abort\.http_status: is 99, must be a number from 200 to 599/);
  await expect(start({ delay: { percentage: { numerator: 1 } } })).rejects.toThrow(/delay: must have fixed_delay or header_delay/);
});
