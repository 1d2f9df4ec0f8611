/** What a connection manager makes of heads before filters and routes see them, seen from its two ends. */
import { describe, expect, test } from 'vitest';
import { startFilterProxy, type FilterFixture, type FixtureRequest } from '../testing/index.ts';

/** The head that the upstream was sent last, by field name in lower case; `:path` is its target. */
function lastHead({ upstreamHeads }: FilterFixture): Record<string, string> {
  const [first = '', ...lines] = (upstreamHeads.at(-1) ?? '').split('\r\n');
  const fields: Record<string, string> = { ':path': first.split(' ')[1] ?? '' };
  for (const line of lines.filter((one) => one !== '')) {
    const colon = line.indexOf(':');
    fields[line.slice(0, colon).toLowerCase()] = line.slice(colon + 2);
  }
  return fields;
}

/** No client is one of our own. */
const nobody = { internal_address_config: {} };

async function headOf(manager: object, request: FixtureRequest = {}): Promise<Record<string, string>> {
  await using proxy = await startFilterProxy({ manager: { ...nobody, ...manager } });
  const { status } = await proxy.request(request);
  expect(status).toBe(200);
  return lastHead(proxy);
}

describe('paths', () => {
  const path = '/a/..%2fb//c?x=%2F';

  test.each([
    ['KEEP_UNCHANGED', { status: 200, upstream: '/a/..%2fb/c?x=%2F' }],
    ['UNESCAPE_AND_FORWARD', { status: 200, upstream: '/b/c?x=%2F' }],
  ])('%s: escaped slashes come first, then dots, then runs of slashes', async (action, { status, upstream }) => {
    await using proxy = await startFilterProxy({ manager: { path_with_escaped_slashes_action: action, normalize_path: true, merge_slashes: true } });
    expect((await proxy.request({ path })).status).toBe(status);
    expect(lastHead(proxy)[':path']).toBe(upstream);
  });

  test('REJECT_REQUEST answers 400, and counts it', async () => {
    await using proxy = await startFilterProxy({ manager: { path_with_escaped_slashes_action: 'REJECT_REQUEST' } });
    expect((await proxy.request({ path })).status).toBe(400);
    expect(await proxy.nextLog()).toBe('400 - path_normalization_failed');
    expect((await proxy.request({ path: '/a?x=%2F' })).status).toBe(200);
    expect(proxy.metric('envoy_http_downstream_rq_failed_path_normalization')).toBe(1);
    expect(proxy.upstreamHeads).toHaveLength(1);
  });

  test('UNESCAPE_AND_REDIRECT sends the client to the plain path, but not one of gRPC', async () => {
    await using proxy = await startFilterProxy({ manager: { path_with_escaped_slashes_action: 'UNESCAPE_AND_REDIRECT', normalize_path: true } });
    expect(await proxy.request({ path: '/a%5Cb?c' })).toMatchObject({ status: 307, headers: { location: '/a/b?c' } });
    expect((await proxy.request({ path: '/a%5Cb', headers: { 'content-type': 'application/grpc' } })).headers['grpc-status']).toBe('13');
    expect(proxy.metric('envoy_http_downstream_rq_redirected_with_normalized_path')).toBe(2);
  });
});

describe('hosts', () => {
  test.each([
    [{ strip_any_host_port: true }, 'a.test:81', 'a.test'],
    [{ strip_any_host_port: true }, '[::1]:81', '[::1]'],
    [{ strip_matching_host_port: true }, 'a.test:81', 'a.test:81'],
    [{ strip_trailing_host_dot: true }, 'a.test.', 'a.test'],
    [{ strip_trailing_host_dot: true }, 'a.test.:81', 'a.test:81'],
    [{ strip_trailing_host_dot: true, strip_any_host_port: true }, 'a.test.:81', 'a.test'],
  ])('with %o, %s goes on as %s', async (manager, host, wanted) => {
    expect((await headOf(manager, { headers: { host } }))['host']).toBe(wanted);
  });

  test('the port that was listened on is taken off where it matches', async () => {
    await using proxy = await startFilterProxy({ manager: { strip_matching_host_port: true } });
    await proxy.request({ headers: { host: `a.test:${proxy.address.port}` } });
    expect(lastHead(proxy)['host']).toBe('a.test');
  });

  test('a client of HTTP/1.0 that names no host gets the default one, or 400', async () => {
    const options = { accept_http_10: true, default_host_for_http_10: 'old.test' };
    await using proxy = await startFilterProxy({ manager: { http_protocol_options: options } });
    const old = await proxy.connect();
    old.write('GET / HTTP/1.0\r\n\r\n');
    expect(await old.readHead()).toContain(' 200 ');
    expect(lastHead(proxy)['host']).toBe('old.test');
    await using strict = await startFilterProxy({ manager: { http_protocol_options: { accept_http_10: true } } });
    const nobody = await strict.connect();
    nobody.write('GET / HTTP/1.0\r\n\r\n');
    expect(await nobody.readHead()).toContain(' 400 ');
    expect(await strict.nextLog()).toBe('400 - missing_host_header');
  });
});

describe('who the client is', () => {
  const internal = { internal_address_config: { cidr_ranges: [{ address_prefix: '127.0.0.0', prefix_len: 8 }, { address_prefix: '10.0.0.0', prefix_len: 8 }] } };
  const forged = { 'x-envoy-internal': 'true', 'x-envoy-ip-tags': '9', 'x-envoy-decorator-operation': 'x', 'x-envoy-external-address': '9.9.9.9', 'x-envoy-custom': 'stays' };

  test('at the edge nobody is internal unless it is said who is, and what only our own may say is taken away', async () => {
    const head = await headOf({ use_remote_address: true }, { headers: forged });
    expect(head).toMatchObject({ 'x-forwarded-for': '127.0.0.1', 'x-envoy-external-address': '127.0.0.1', 'x-envoy-custom': 'stays', 'x-forwarded-proto': 'http' });
    for (const name of ['x-envoy-internal', 'x-envoy-ip-tags', 'x-envoy-decorator-operation']) expect(head).not.toHaveProperty(name);
  });

  test('a peer from an internal range is internal, unless somebody stands before it', async () => {
    const alone = await headOf({ use_remote_address: true, ...internal }, { headers: forged });
    expect(alone).toMatchObject({ 'x-envoy-internal': 'true', 'x-envoy-ip-tags': '9', 'x-envoy-decorator-operation': 'x', 'x-envoy-external-address': '9.9.9.9' });
    const behind = await headOf({ use_remote_address: true, ...internal }, { headers: { ...forged, 'x-forwarded-for': '10.1.1.1' } });
    expect(behind).toMatchObject({ 'x-forwarded-for': '10.1.1.1,127.0.0.1', 'x-envoy-external-address': '127.0.0.1' });
    expect(behind).not.toHaveProperty('x-envoy-internal');
  });

  test('further in, one internal address in x-forwarded-for makes a request internal; none or several do not', async () => {
    expect(await headOf(internal, { headers: { ...forged, 'x-forwarded-for': '10.1.1.1' } })).toMatchObject({ 'x-envoy-internal': 'true', 'x-envoy-ip-tags': '9' });
    for (const forwarded of [{}, { 'x-forwarded-for': '10.1.1.1, 10.1.1.2' }, { 'x-forwarded-for': '8.8.8.8' }, { 'x-forwarded-for': 'nonsense' }]) {
      const head = await headOf(internal, { headers: { ...forged, ...forwarded } });
      expect(head).not.toHaveProperty('x-envoy-internal');
      expect(head).not.toHaveProperty('x-envoy-ip-tags');
      // Only the edge takes these: further in, the proxy before has written them.
      expect(head).toMatchObject({ 'x-envoy-decorator-operation': 'x', 'x-envoy-external-address': '9.9.9.9' });
    }
  });

  test('internal_only_headers of the table go the same way', async () => {
    await using proxy = await startFilterProxy({ manager: { ...nobody, use_remote_address: true }, table: { internal_only_headers: ['X-Debug'] } });
    await proxy.request({ headers: { 'x-debug': '1', 'x-other': '2' } });
    expect(lastHead(proxy)).toMatchObject({ 'x-other': '2' });
    expect(lastHead(proxy)).not.toHaveProperty('x-debug');
  });

  test.each([
    [{ use_remote_address: true }, '127.0.0.1'],
    [{ use_remote_address: true, xff_num_trusted_hops: 1 }, '2.2.2.2'],
    [{ use_remote_address: true, xff_num_trusted_hops: 2 }, '1.1.1.1'],
    [{ use_remote_address: true, xff_num_trusted_hops: 3 }, '127.0.0.1'],
    [{}, '2.2.2.2'],
    [{ xff_num_trusted_hops: 1 }, '1.1.1.1'],
    [{ xff_num_trusted_hops: 5 }, '127.0.0.1'],
    [{ original_ip_detection_extensions: [xff({ xff_num_trusted_hops: 1 })] }, '1.1.1.1'],
    [{ original_ip_detection_extensions: [customHeader({ header_name: 'x-real-ip' }), xff({})] }, '2.2.2.2'],
  ])('with %o, the client behind two forwarders is %s', async (manager, client) => {
    await using proxy = await startFilterProxy({ manager, logFormat: '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% %DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%' });
    await proxy.request({ headers: { 'x-forwarded-for': '1.1.1.1, 2.2.2.2' } });
    expect(await proxy.nextLog()).toBe(`${client} 127.0.0.1`);
  });

  test('a header of its own can say who the client is, and who does not bring it can be refused', async () => {
    const detection = customHeader({ header_name: 'X-Real-IP', allow_extension_to_set_address_as_trusted: true, reject_with_status: { code: 403 } });
    await using proxy = await startFilterProxy({ manager: { original_ip_detection_extensions: [detection], ...internal } });
    await proxy.request({ headers: { 'x-real-ip': '10.0.0.7' } });
    expect(lastHead(proxy)['x-envoy-internal']).toBe('true');
    expect((await proxy.request({ headers: { 'x-real-ip': 'unknown' } })).status).toBe(403);
    await proxy.nextLog();
    expect(await proxy.nextLog()).toBe('403 - rejecting_because_detection_failed');
    expect(proxy.metric('envoy_http_downstream_rq_rejected_via_ip_detection')).toBe(1);
  });

  test('what the client says of scheme and port is believed as far as there are trusted hops', async () => {
    const said = { headers: { 'x-forwarded-proto': 'https', 'x-forwarded-port': '443' } };
    const edge = await headOf({ use_remote_address: true, append_x_forwarded_port: true }, said);
    expect(edge['x-forwarded-proto']).toBe('http');
    expect(edge['x-forwarded-port']).not.toBe('443');
    expect(await headOf({ use_remote_address: true, xff_num_trusted_hops: 1, append_x_forwarded_port: true }, said)).toMatchObject({ 'x-forwarded-proto': 'https', 'x-forwarded-port': '443' });
    expect(await headOf({ scheme_header_transformation: { scheme_to_overwrite: 'https' } })).toMatchObject({ 'x-forwarded-proto': 'https' });
    expect(await headOf({ use_remote_address: true, skip_xff_append: true })).not.toHaveProperty('x-forwarded-for');
  });
});

describe('names of requests and proxies', () => {
  const traced = '6dc1a9e2-5a47-9f0b-8c3d-1234567890ab';

  test('the edge names requests anew; further in, names stay', async () => {
    const headers = { 'x-request-id': traced };
    expect((await headOf({ generate_request_id: true, use_remote_address: true }, { headers }))['x-request-id']).not.toBe(traced);
    expect((await headOf({ generate_request_id: true }, { headers }))['x-request-id']).toBe(traced);
    expect((await headOf({ generate_request_id: true }))['x-request-id']).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  test('a name kept from outside does not say that the request is traced', async () => {
    const head = await headOf({ generate_request_id: true, use_remote_address: true, preserve_external_request_id: true }, { headers: { 'x-request-id': traced } });
    expect(head['x-request-id']).toBe(traced.replace('-9', '-4'));
  });

  test('via, and who we are, as configured', async () => {
    await using proxy = await startFilterProxy({ manager: { via: 'sluice', add_user_agent: true }, bootstrap: { node: { id: 'n1', cluster: 'edge' } } });
    const { headers } = await proxy.request();
    expect(headers['via']).toBe('sluice');
    expect(lastHead(proxy)).toMatchObject({ via: 'sluice', 'user-agent': 'edge', 'x-envoy-downstream-service-cluster': 'edge', 'x-envoy-downstream-service-node': 'n1' });
  });
});

describe('what is refused', () => {
  const underscores = (action: string): object => ({ common_http_protocol_options: { headers_with_underscores_action: action } });

  test('underscores in names: allowed, refused or dropped, each with its counter', async () => {
    const request = { headers: { x_a: '1', 'x-b': '2' } };
    expect(await headOf(underscores('ALLOW'), request)).toMatchObject({ x_a: '1', 'x-b': '2' });
    await using dropping = await startFilterProxy({ manager: underscores('DROP_HEADER') });
    await dropping.request(request);
    expect(lastHead(dropping)).not.toHaveProperty('x_a');
    expect(dropping.metric('envoy_http1_dropped_headers_with_underscores')).toBe(1);
    await using refusing = await startFilterProxy({ manager: underscores('REJECT_REQUEST') });
    expect((await refusing.request(request)).status).toBe(400);
    expect(await refusing.nextLog()).toBe('400 DPE http1.unexpected_underscore');
    expect(refusing.metric('envoy_http1_requests_rejected_with_underscores_in_headers')).toBe(1);
  });

  test('a connection outlives a wrong request only where it is told to', async () => {
    const bad = 'GET / HTTP/1.1\r\nhost: a\r\nx_a: 1\r\n\r\n';
    await using usual = await startFilterProxy({ manager: underscores('REJECT_REQUEST') });
    const first = await usual.connect();
    first.write(bad);
    await first.readHead();
    await first.readToEnd();
    await using lenient = await startFilterProxy({ manager: { ...underscores('REJECT_REQUEST'), stream_error_on_invalid_http_message: true } });
    const second = await lenient.connect();
    second.write(bad);
    await second.readUntil('\r\n\r\nBad Request');
    second.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    expect(await second.readHead()).toContain(' 200 ');
  });

  test.each([
    ['GET http://a.test/x HTTP/1.1', { allow_absolute_url: false }, '404 - absolute_path_rejected'],
    ['GET https://a.test/x HTTP/1.1', {}, '403 DPE http1.https_url_on_plaintext_connection'],
    ['BREW / HTTP/1.1', {}, '400 DPE http1.codec_error'],
  ])('%s with %o ends as %s', async (line, options, log) => {
    await using proxy = await startFilterProxy({ manager: { http_protocol_options: options } });
    const client = await proxy.connect();
    client.write(`${line}\r\nhost: a.test\r\n\r\n`);
    await client.readHead();
    expect(await proxy.nextLog()).toBe(log);
    expect(proxy.upstreamHeads).toEqual([]);
  });

  test.each([
    ['GET http://b.test/x HTTP/1.1', {}],
    ['BREW / HTTP/1.1', { allow_custom_methods: true }],
    ['PROPFIND / HTTP/1.1', {}],
  ])('%s with %o passes', async (line, options) => {
    await using proxy = await startFilterProxy({ manager: { http_protocol_options: options } });
    const client = await proxy.connect();
    client.write(`${line}\r\nhost: a.test\r\n\r\n`);
    expect(await client.readHead()).toContain(' 200 ');
  });

  test('Max-Forwards is counted down, and who finds it at nought answers', async () => {
    await using proxy = await startFilterProxy({});
    await proxy.request({ method: 'OPTIONS', headers: { 'max-forwards': '2' } });
    expect(lastHead(proxy)['max-forwards']).toBe('1');
    await proxy.request({ headers: { 'max-forwards': '0' } });
    expect(lastHead(proxy)['max-forwards']).toBe('0');
    expect(await proxy.request({ method: 'OPTIONS', headers: { 'max-forwards': '0' } })).toMatchObject({ status: 200, headers: { allow: expect.stringContaining('GET') as string } });
    expect((await proxy.request({ method: 'TRACE', headers: { 'max-forwards': '0' } })).status).toBe(405);
    expect(proxy.upstreamHeads).toHaveLength(2);
    expect(proxy.metric('envoy_http_downstream_rq_max_forwards')).toBe(2);
  });

  test('an upgrade that is to be ignored is an ordinary request', async () => {
    const manager = { http_protocol_options: { ignore_http_11_upgrade: [{ prefix: 'tls/' }] } };
    await using proxy = await startFilterProxy({ manager });
    const client = await proxy.connect();
    client.write('GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: TLS/1.0\r\n\r\n');
    expect(await client.readHead()).toContain(' 200 ');
    expect(lastHead(proxy)).not.toHaveProperty('upgrade');
  });
});

describe('the wire of HTTP/1', () => {
  const chunked = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx-after: 1\r\n\r\n';
  const request = 'POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\nx-sum: 1\r\n\r\n';

  test.each([
    [true, '0\r\nx-sum: 1\r\n\r\n', '0\r\nx-after: 1\r\n\r\n'],
    [false, '0\r\n\r\n', '0\r\n\r\n'],
  ])('with enable_trailers %s, trailers pass or are dropped, both ways', async (enabled, sent, received) => {
    let seen = '';
    await using proxy = await startFilterProxy({
      manager: { http_protocol_options: { enable_trailers: enabled } },
      async upstream(peer) {
        await peer.readHead();
        seen = await peer.readUntil(sent);
        peer.write(chunked);
      },
    });
    const client = await proxy.connect();
    client.write(request);
    await client.readHead();
    expect(await client.readUntil(received)).toContain(received);
    expect(seen).toBe(`1\r\na\r\n${sent}`);
  });

  test('names of response headers can be written with capitals', async () => {
    await using proxy = await startFilterProxy({ manager: { http_protocol_options: { header_key_format: { proper_case_words: {} } } } });
    const client = await proxy.connect();
    client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    expect(await client.readHead()).toMatch(/^HTTP\/1\.1 200 OK\r\nContent-Type: text\/plain\r\nContent-Length: 5\r\nServer: sluice\r\nDate: [^\r]+\r\n\r\n$/);
  });

  test('a 100 can be left to the upstream', async () => {
    await using proxy = await startFilterProxy({
      manager: { proxy_100_continue: true },
      async upstream(peer) {
        expect((await peer.readHead()).toLowerCase()).toContain('expect: 100-continue\r\n');
        peer.write('HTTP/1.1 100 Continue\r\n\r\n');
        const body = await peer.readBytes(5);
        peer.write(`HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n${body.toString()}`);
      },
    });
    const client = await proxy.connect();
    client.write('POST / HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n');
    expect(await client.readHead()).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    client.write('hello');
    expect(await client.readHead()).toContain(' 200 ');
    expect((await client.readBytes(5)).toString()).toBe('hello');
  });

  test('a connection that has lasted as long as it may is asked to end, and counted', async () => {
    await using proxy = await startFilterProxy({ manager: { common_http_protocol_options: { max_connection_duration: '0.05s' }, drain_timeout: '0.05s' } });
    const busy = await proxy.connect();
    const idle = await proxy.connect();
    await new Promise((resolve) => setTimeout(resolve, 60));
    busy.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    await expect.poll(async () => (busy.ended ? 'closed' : (await busy.readHead()).includes('connection: close'))).toBe(true);
    await idle.readToEnd();
    await expect.poll(() => proxy.metric('envoy_http_downstream_cx_max_duration_reached')).toBe(2);
  });

  test('a connection that has served as many requests as it may ends, and is counted', async () => {
    await using proxy = await startFilterProxy({ manager: { common_http_protocol_options: { max_requests_per_connection: 2 } } });
    const client = await proxy.connect();
    client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    expect(await client.readHead()).not.toContain('connection: close');
    await client.readBytes(5);
    client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    expect(await client.readHead()).toContain('connection: close');
    expect(proxy.metric('envoy_http_downstream_cx_max_requests_reached')).toBe(1);
  });
});

function xff(fields: object): object {
  return { name: 'xff', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.http.original_ip_detection.xff.v3.XffConfig', ...fields } };
}

function customHeader(fields: object): object {
  return { name: 'header', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.http.original_ip_detection.custom_header.v3.CustomHeaderConfig', ...fields } };
}
