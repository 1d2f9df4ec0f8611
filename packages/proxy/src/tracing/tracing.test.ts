/** Tracing through whole proxies, on real sockets. */
import type { Address, Span } from '@sluice/kernel';
import { expect, test } from 'vitest';
import { openTestClient, startBootstrap, startTestUpstream, type TestProtocol } from '../testing/index.ts';

const type = (name: string) => ({ '@type': `type.googleapis.com/${name}` });
const trace = '0af7651916cd43dd8448eb211c80319c';
const parent = 'b7ad6b7169203331';
const given = `00-${trace}-${parent}-01`;

interface WorldOptions {
  readonly tracing?: object | undefined;
  readonly route?: object;
  readonly manager?: object;
  readonly listener?: object;
}

/** A proxy before `upstream` that keeps its spans. */
async function startTraced(upstream: Address, { tracing, route, manager, listener }: WorldOptions, protocol: TestProtocol = 'h1') {
  const spans: Span[] = [];
  const options = protocol === 'h1' ? { http_protocol_options: {} } : { http2_protocol_options: {} };
  const proxy = await startBootstrap({
    tracer: { record: (span) => void spans.push(span) },
    listeners: [
      {
        name: 'main',
        address: { socket_address: { address: '127.0.0.1', port_value: 0 } },
        ...listener,
        filter_chains: [
          {
            filters: [
              {
                name: 'manager',
                typed_config: {
                  ...type('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'),
                  stat_prefix: 'edge',
                  route_config: { virtual_hosts: [{ name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'backend' }, ...route }] }] },
                  http_filters: [{ name: 'router', typed_config: type('envoy.extensions.filters.http.router.v3.Router') }],
                  access_log: [{ name: 'log', typed_config: { ...type('envoy.extensions.access_loggers.file.v3.FileAccessLog'), path: '/log', log_format: { text_format_source: { inline_string: '%TRACE_ID%\n' } } } }],
                  ...(tracing ? { tracing } : {}),
                  ...manager,
                },
              },
            ],
          },
        ],
      },
    ],
    clusters: [
      {
        name: 'backend',
        type: 'STATIC',
        load_assignment: { cluster_name: 'backend', endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: { address: upstream.host, port_value: upstream.port } } } }] }] },
        typed_extension_protocol_options: { 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': { ...type('envoy.extensions.upstreams.http.v3.HttpProtocolOptions'), explicit_http_config: options } },
      },
    ],
  });
  return { proxy, spans, address: proxy.addressOf('main'), [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose]() };
}

/** Answers with the trace headers that came. */
const startEcho = (protocol: TestProtocol = 'h1') =>
  startTestUpstream(protocol, ({ headers }, response) => {
    response.end(JSON.stringify({ traceparent: headers['traceparent'] ?? '', tracestate: headers['tracestate'] ?? '', id: headers['x-request-id'] ?? '' }));
  });

const idOf = (headers: Readonly<Record<string, unknown>>) => headers['x-request-id'];

async function ask(protocol: TestProtocol, address: Address, headers: Readonly<Record<string, string | string[]>> = {}, path = '/') {
  using client = openTestClient(protocol, address);
  const answer = await client.ask({ path, headers });
  return JSON.parse(answer.body.toString()) as { traceparent: string; tracestate: string; id: string };
}

test.each(['h1', 'h2'] as const)('over %s the upstream hears of the caller\'s trace and of our span in it', async (protocol) => {
  await using upstream = await startEcho(protocol);
  await using world = await startTraced(upstream.address, { tracing: {} }, protocol);
  const heard = await ask(protocol, world.address, { traceparent: given, tracestate: 'congo=t61rcWkgMzE' }, '/cart?item=1');
  await expect.poll(() => world.spans).toHaveLength(1);
  const [span] = world.spans;
  expect(span).toMatchObject({ traceId: trace, parentSpanId: parent, traceState: 'congo=t61rcWkgMzE', name: 'GET', kind: 'server', status: 'unset' });
  expect(heard).toMatchObject({ traceparent: `00-${trace}-${span?.spanId}-01`, tracestate: 'congo=t61rcWkgMzE' });
  expect(span?.attributes).toMatchObject({
    'http.request.method': 'GET',
    'url.path': '/cart',
    'url.scheme': 'http',
    'server.address': '127.0.0.1',
    'http.response.status_code': 200,
    'network.protocol.version': protocol === 'h1' ? '1.1' : '2',
    upstream_cluster: 'backend',
    upstream_address: `127.0.0.1:${upstream.address.port}`,
    response_flags: '-',
  });
  expect(span?.endWallTime).toBeGreaterThanOrEqual(span?.startWallTime ?? Number.NaN);
  expect(Math.abs(Date.now() - (span?.startWallTime ?? 0))).toBeLessThan(60_000);
});

test.each([
  ['h1', 'h2'],
  ['h2', 'h1'],
] as const)('two proxies in a row make one trace (%s, then %s)', async (first, second) => {
  await using upstream = await startEcho(second);
  await using inner = await startTraced(upstream.address, { tracing: { random_sampling: { value: 0 } } }, second);
  await using outer = await startTraced(inner.address, { tracing: {} }, first);
  const { traceparent } = await ask(first, outer.address);
  await expect.poll(() => inner.spans.length + outer.spans.length).toBe(2);
  expect(outer.spans[0]?.parentSpanId).toBe('');
  expect(inner.spans[0]).toMatchObject({ traceId: outer.spans[0]?.traceId, parentSpanId: outer.spans[0]?.spanId });
  expect(traceparent).toBe(`00-${outer.spans[0]?.traceId}-${inner.spans[0]?.spanId}-01`);
});

test('a trace that its caller does not sample goes on, and leaves no span here', async () => {
  await using upstream = await startEcho();
  await using world = await startTraced(upstream.address, { tracing: {} });
  const { traceparent } = await ask('h1', world.address, { traceparent: `00-${trace}-${parent}-00`, tracestate: 'a=1' });
  expect(traceparent).toMatch(new RegExp(`^00-${trace}-[0-9a-f]{16}-00$`));
  expect(traceparent).not.toContain(parent);
  expect(world.spans).toEqual([]);
  expect(world.proxy.metric('envoy_http_tracing_not_traceable')).toBe(1);
});

test('what cannot be believed begins a new trace, without the state of the old one', async () => {
  await using upstream = await startEcho();
  await using world = await startTraced(upstream.address, { tracing: {} });
  for (const traceparent of ['nonsense', [given, given], given.toUpperCase()]) {
    const heard = await ask('h1', world.address, { traceparent, tracestate: 'a=1' });
    expect(heard.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    expect(heard.traceparent).not.toContain(trace);
    expect(heard.tracestate).toBe('');
  }
});

test('without tracing the headers pass as they are', async () => {
  await using upstream = await startEcho();
  await using world = await startTraced(upstream.address, {});
  expect(await ask('h1', world.address, { traceparent: given, tracestate: 'a=1' })).toMatchObject({ traceparent: given, tracestate: 'a=1' });
  expect((await ask('h1', world.address)).traceparent).toBe('');
  expect(world.spans).toEqual([]);
  await expect.poll(() => world.proxy.logLines).toEqual(['-', '-']);
});

test('a provider that this proxy does not have traces nothing, and says so', async () => {
  await using upstream = await startEcho();
  const provider = { name: 'envoy.tracers.zipkin', typed_config: { ...type('envoy.config.trace.v3.ZipkinConfig'), collector_cluster: 'zipkin' } };
  await using world = await startTraced(upstream.address, { tracing: { provider } });
  expect((await ask('h1', world.address, { traceparent: given })).traceparent).toBe(given);
  expect(world.proxy.problems.map(({ message }) => message)).toContainEqual(expect.stringContaining('ZipkinConfig, which this proxy does not have'));
});

test('a route has its own share, name and tags', async () => {
  await using upstream = await startEcho();
  const route = {
    decorator: { operation: 'checkout' },
    tracing: { random_sampling: { numerator: 100 }, custom_tags: [{ tag: 'team', literal: { value: 'shop' } }] },
  };
  const tags = [
    { tag: 'tenant', request_header: { name: 'X-Tenant', default_value: 'nobody' } },
    { tag: 'team', literal: { value: 'edge' } },
  ];
  await using world = await startTraced(upstream.address, { tracing: { random_sampling: { value: 0 }, custom_tags: tags }, route, listener: { traffic_direction: 'OUTBOUND' } });
  await ask('h1', world.address);
  await expect.poll(() => world.spans).toHaveLength(1);
  expect(world.spans[0]).toMatchObject({ name: 'checkout', kind: 'client', attributes: { tenant: 'nobody', team: 'shop' } });
});

test('spans speak for the service and go to the collector that the provider names', async () => {
  await using upstream = await startEcho();
  const http_service = { http_uri: { uri: 'http://127.0.0.1:4318/v1/traces', cluster: 'otel', timeout: '1s' } };
  const provider = { name: 'envoy.tracers.opentelemetry', typed_config: { ...type('envoy.config.trace.v3.OpenTelemetryConfig'), service_name: 'shop', http_service } };
  await using world = await startTraced(upstream.address, { tracing: { provider } });
  await ask('h1', world.address);
  await expect.poll(() => world.spans.map(({ origin }) => origin)).toEqual([{ serviceName: 'shop', collector: 'http://127.0.0.1:4318/v1/traces' }]);
});

test('an internal client may force a trace, a client outside may not', async () => {
  await using upstream = await startEcho();
  const tracing = { random_sampling: { value: 0 } };
  await using world = await startTraced(upstream.address, { tracing, manager: { use_remote_address: true, internal_address_config: { cidr_ranges: [{ address_prefix: '127.0.0.1', prefix_len: 32 }] } } });
  const forced = await ask('h1', world.address, { 'x-envoy-force-trace': 'true' });
  expect(forced.traceparent).toMatch(/-01$/);
  expect(forced.id.charAt(14)).toBe('a');
  const outside = await ask('h1', world.address, { 'x-envoy-force-trace': 'true', 'x-forwarded-for': '203.0.113.9' });
  expect(outside.traceparent).toMatch(/-00$/);
  expect(outside.id.charAt(14)).toBe('4');
  expect(world.proxy.metric('envoy_http_tracing_service_forced')).toBe(1);
});

test('whoever forces a trace is told its identifier, and nobody else', async () => {
  await using upstream = await startEcho();
  await using world = await startTraced(upstream.address, { tracing: {}, manager: { use_remote_address: true, internal_address_config: { cidr_ranges: [{ address_prefix: '127.0.0.1', prefix_len: 32 }] } } });
  using client = openTestClient('h1', world.address);
  const forced = await client.ask({ headers: { 'x-envoy-force-trace': 'true' } });
  expect(idOf(forced.headers)).toBe((JSON.parse(forced.body.toString()) as { id: string }).id);
  expect(idOf((await client.ask({})).headers)).toBeUndefined();
});

test('a client that brings x-client-trace-id is traced as far as it may be', async () => {
  await using upstream = await startEcho();
  await using world = await startTraced(upstream.address, { tracing: { random_sampling: { value: 0 } } });
  expect((await ask('h1', world.address, { 'x-client-trace-id': 'mine' })).traceparent).toMatch(/-01$/);
  expect((await ask('h1', world.address)).traceparent).toMatch(/-00$/);
  expect(world.proxy.metric('envoy_http_tracing_client_enabled')).toBe(1);
  expect(world.proxy.metric('envoy_http_tracing_not_traceable')).toBe(1);
});

test('the access log names the trace, sampled or not', async () => {
  await using upstream = await startEcho();
  await using world = await startTraced(upstream.address, { tracing: { random_sampling: { value: 0 } } });
  const { traceparent } = await ask('h1', world.address);
  await ask('h1', world.address, { traceparent: given });
  await expect.poll(() => world.proxy.logLines).toEqual([traceparent.slice(3, 35), trace]);
});

test('a request that fails here leaves a span that says so', async () => {
  const gone = await startEcho();
  await gone[Symbol.asyncDispose]();
  await using world = await startTraced(gone.address, { tracing: {} });
  using client = openTestClient('h1', world.address);
  expect((await client.ask({ path: `/${'a'.repeat(400)}` })).status).toBe(503);
  await expect.poll(() => world.spans).toHaveLength(1);
  expect(world.spans[0]).toMatchObject({ status: 'error', attributes: { 'http.response.status_code': 503, response_flags: 'UF', 'error.type': '503' } });
  expect(String(world.spans[0]?.attributes['url.path'])).toHaveLength(256);
});

test('one percent of requests is traced, and counted', async () => {
  await using upstream = await startEcho();
  await using world = await startTraced(upstream.address, { tracing: { random_sampling: { value: 1 } } });
  using client = openTestClient('h2', world.address);
  for (let index = 0; index < 1_000; index += 1) await client.ask({});
  const traced = world.proxy.metric('envoy_http_tracing_random_sampling');
  expect(traced).toBeGreaterThanOrEqual(2);
  expect(traced).toBeLessThanOrEqual(25);
  expect(world.proxy.metric('envoy_http_tracing_not_traceable')).toBe(1_000 - traced);
  await expect.poll(() => world.spans.length).toBe(traced);
});

const openTelemetry = (fields: object) => ({ name: 'envoy.tracers.opentelemetry', typed_config: { ...type('envoy.config.trace.v3.OpenTelemetryConfig'), ...fields } });
const sampler = (name: string, fields: object = {}) => ({ name, typed_config: { ...type(`envoy.extensions.tracers.opentelemetry.samplers.v3.${name}SamplerConfig`), ...fields } });

test('a sampler decides about spans in place of the shares, which still stand in the identifier', async () => {
  await using upstream = await startEcho();
  const provider = openTelemetry({ sampler: sampler('AlwaysOn') });
  await using world = await startTraced(upstream.address, { tracing: { random_sampling: { value: 0 }, provider } });
  const heard = await ask('h1', world.address);
  expect(heard.traceparent).toMatch(/-01$/);
  expect(heard.id.charAt(14)).toBe('4');
  await expect.poll(() => world.spans).toHaveLength(1);
  expect(world.proxy.metric('envoy_http_tracing_not_traceable')).toBe(1);
});

test('a sampler that follows the parent leaves out what its caller does not sample, and what its root does not', async () => {
  await using upstream = await startEcho();
  const provider = openTelemetry({ sampler: sampler('ParentBased', { wrapped_sampler: sampler('TraceIdRatioBased', { sampling_percentage: { numerator: 0 } }) }) });
  await using world = await startTraced(upstream.address, { tracing: { provider } });
  expect((await ask('h1', world.address)).traceparent).toMatch(/-00$/);
  expect((await ask('h1', world.address, { traceparent: given })).traceparent).toMatch(/-01$/);
  await expect.poll(() => world.spans.map(({ traceId }) => traceId)).toEqual([trace]);
});

test('spans say what resource detectors have found', async () => {
  await using upstream = await startEcho();
  const detector = { name: 'static', typed_config: { ...type('envoy.extensions.tracers.opentelemetry.resource_detectors.v3.StaticConfigResourceDetectorConfig'), attributes: { 'cloud.region': 'north' } } };
  await using world = await startTraced(upstream.address, { tracing: { provider: openTelemetry({ resource_detectors: [detector] }) } });
  await ask('h1', world.address);
  await expect.poll(() => world.spans.map(({ origin }) => origin.attributes)).toEqual([{ 'cloud.region': 'north' }]);
});

test('without packed reasons identifiers stay as they are, also at the edge', async () => {
  await using upstream = await startEcho();
  const request_id_extension = { typed_config: { ...type('envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig'), pack_trace_reason: false } };
  await using world = await startTraced(upstream.address, { tracing: {}, manager: { request_id_extension, use_remote_address: true, preserve_external_request_id: true } });
  const brought = '6f0d4b5c-2b1e-9f0a-8c3d-1a2b3c4d5e6f';
  expect((await ask('h1', world.address, { 'x-request-id': brought })).id).toBe(brought);
  const made = await ask('h1', world.address);
  expect(made.traceparent).toMatch(/-01$/);
  expect(made.id.charAt(14)).toBe('4');
});

test('two proxies choose the same requests by their identifier', async () => {
  await using upstream = await startEcho();
  const tracing = { random_sampling: { value: 30 } };
  await using inner = await startTraced(upstream.address, { tracing });
  // Its upstream hears no traceparent from us: only the identifier goes from one to the other.
  await using outer = await startTraced(inner.address, { tracing, route: { request_headers_to_remove: ['traceparent'] } });
  using client = openTestClient('h1', outer.address);
  for (let index = 0; index < 60; index += 1) await client.ask({});
  const traced = outer.proxy.metric('envoy_http_tracing_random_sampling');
  expect(traced).toBeGreaterThan(3);
  expect(traced).toBeLessThan(40);
  await expect.poll(() => [inner.spans.length, outer.spans.length]).toEqual([traced, traced]);
});

test('names and tags may be formats, of what is known at the end', async () => {
  await using upstream = await startEcho();
  const custom_tags = [
    { tag: 'status', value: '%RESPONSE_CODE% of %UPSTREAM_CLUSTER%' },
    { tag: 'owner', metadata: { kind: { route: {} }, metadata_key: { key: 'team', path: [{ key: 'name' }] }, default_value: 'nobody' } },
    { tag: 'zone', metadata: { kind: { host: {} }, metadata_key: { key: 'where', path: [{ key: 'zone' }] }, default_value: 'nowhere' } },
  ];
  await using world = await startTraced(upstream.address, {
    tracing: { operation: '%REQ(:METHOD)% to %REQ(:AUTHORITY)%', custom_tags },
    route: { metadata: { filter_metadata: { team: { name: 'edge' } } }, decorator: { operation: 'not this' } },
  });
  await ask('h1', world.address);
  await expect.poll(() => world.spans).toHaveLength(1);
  expect(world.spans[0]?.name).toMatch(/^GET to 127\.0\.0\.1/);
  expect(world.spans[0]?.attributes).toMatchObject({ status: '200 of backend', owner: 'edge', zone: 'nowhere' });
});
