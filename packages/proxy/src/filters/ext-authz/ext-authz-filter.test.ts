import { describe, expect, test } from 'vitest';
import { startFilterProxy, startRawUpstream, type FilterFixture, type FilterFixtureOptions, type RawPeer, type RawUpstream } from '../../testing/index.ts';

const typeName = 'type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz';

interface Fixture extends AsyncDisposable {
  readonly proxy: FilterFixture;
  /** Heads that the service was sent. */
  readonly questions: readonly string[];
}

/** A service that answers each check with this head and body; `''` never answers. */
async function start(answer: string, config: object = {}, http: object = {}, more: Partial<FilterFixtureOptions> = {}): Promise<Fixture> {
  const timeout = answer === '' ? '0.2s' : '10s';
  const questions: string[] = [];
  const service: RawUpstream = await startRawUpstream(async (peer) => {
    for (;;) {
      questions.push(await peer.readHead());
      if (answer !== '') peer.write(answer);
    }
  });
  const http_service = { server_uri: { uri: 'http://authz.test', cluster: 'authz', timeout }, ...http };
  const proxy = await startFilterProxy({ filters: [{ name: 'authz', typed_config: { '@type': typeName, http_service, ...config } }], services: { authz: service }, ...more });
  return {
    proxy,
    questions,
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await service[Symbol.asyncDispose]();
    },
  };
}

const head = (status: string, fields = '', body = ''): string => `HTTP/1.1 ${status}\r\ncontent-length: ${body.length}\r\n${fields}\r\n${body}`;
const named = (...names: string[]): object => ({ patterns: names.map((exact) => ({ exact })) });

test('the service is asked with method, path and host, and with no more headers than it may see', async () => {
  const config = { allowed_headers: { patterns: [{ prefix: 'x-' }] }, disallowed_headers: named('x-secret') };
  await using fixture = await start(head('200 OK'), config, { path_prefix: '/check', authorization_request: { headers_to_add: [{ key: 'x-asker', value: 'edge' }] } });
  const { proxy, questions } = fixture;
  const headers = { authorization: 'Basic YTpi', 'X-Token': '1', 'x-secret': '2', cookie: 'c=1' };
  expect((await proxy.request({ method: 'POST', path: '/buy?a=b', headers, body: 'bytes' })).status).toBe(200);
  const [question] = questions;
  expect(question).toMatch(/^POST \/check\/buy\?a=b HTTP\/1\.1\r\n/);
  expect(question).toMatch(/^host: a\.test\r$/im);
  expect(question).toMatch(/^authorization: Basic YTpi\r$/m);
  expect(question).toMatch(/^x-token: 1\r$/m);
  expect(question).toMatch(/^x-asker: edge\r$/m);
  expect(question).not.toMatch(/x-secret|cookie|content-length: 5/i);
  expect(proxy.metric('envoy_http_ext_authz_ok')).toBe(1);
});

test('what the service says reaches the upstream and the client as far as it may', async () => {
  const authorization_response = { allowed_upstream_headers: named('x-user'), allowed_upstream_headers_to_append: named('x-groups'), allowed_client_headers_on_success: named('set-cookie') };
  await using fixture = await start(head('200 OK', 'x-user: ann\r\nx-groups: b\r\nx-other: 1\r\nset-cookie: a=1\r\nset-cookie: b=2\r\n'), {}, { authorization_response });
  const { proxy } = fixture;
  const { headers } = await proxy.request({ headers: { 'x-user': 'root', 'x-groups': 'a' } });
  const [asked] = proxy.upstreamHeads;
  expect(asked).toMatch(/x-groups: a\r\n[^]*x-user: ann\r\nx-groups: b\r\n/);
  expect(asked).not.toMatch(/root|x-other/);
  expect([headers['set-cookie'], headers['x-user']]).toEqual(['a=1, b=2', undefined]);
});

describe('an answer that denies', () => {
  test('is the client’s answer', async () => {
    await using fixture = await start(head('302 Found', 'location: https://login.test/\r\nset-cookie: s=1\r\nset-cookie: t=2\r\ncontent-type: text/html\r\n', '<a>log in</a>'));
    const { proxy } = fixture;
    const { status, headers, body } = await proxy.request();
    expect([status, headers['location'], headers['set-cookie'], headers['content-type'], body.toString()]).toEqual([302, 'https://login.test/', 's=1, t=2', 'text/html', '<a>log in</a>']);
    expect(await proxy.nextLog()).toBe('302 UAEX ext_authz_denied');
    expect([proxy.metric('envoy_http_ext_authz_denied'), proxy.upstreamHeads.length]).toEqual([1, 0]);
  });

  test('shows no more than it may', async () => {
    const authorization_response = { allowed_client_headers: named('x-reason') };
    await using fixture = await start(head('401 Unauthorized', 'x-reason: no\r\nx-inside: 1\r\nwww-authenticate: Basic\r\n'), {}, { authorization_response });
    const { status, headers } = await fixture.proxy.request();
    expect([status, headers['x-reason'], headers['x-inside'], headers['www-authenticate']]).toEqual([401, 'no', undefined, 'Basic']);
  });
});

describe('a service that fails', () => {
  test.each([
    ['answers 5xx', head('503 Service Unavailable')],
    ['answers nonsense', 'nonsense\r\n\r\n'],
    ['does not answer in time', ''],
  ])('because it %s lets nobody pass', async (_, answer) => {
    await using fixture = await start(answer);
    expect((await fixture.proxy.request()).status).toBe(403);
    expect(await fixture.proxy.nextLog()).toBe('403 UAEX ext_authz_error');
    expect(fixture.proxy.metric('envoy_http_ext_authz_error')).toBe(1);
  });

  test('has the status that was asked for', async () => {
    await using fixture = await start(head('500 X'), { status_on_error: { code: 'ServiceUnavailable' } });
    expect((await fixture.proxy.request()).status).toBe(503);
  });

  test('lets everybody pass where that is wanted, and the upstream knows', async () => {
    await using fixture = await start(head('500 X'), { failure_mode_allow: true, failure_mode_allow_header_add: true });
    expect((await fixture.proxy.request({ method: 'POST', body: 'some bytes' })).status).toBe(200);
    expect(fixture.proxy.upstreamHeads[0]).toMatch(/^x-envoy-auth-failure-mode-allowed: true\r$/m);
    expect(fixture.proxy.metric('envoy_http_ext_authz_failure_mode_allowed')).toBe(1);
  });
});

test('a client that leaves while the service thinks ends the stream', async () => {
  await using fixture = await start('');
  const client = await fixture.proxy.connect();
  client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  while (fixture.questions.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  client.reset();
  expect(await fixture.proxy.nextLog()).toBe('0 DC downstream_remote_disconnect');
});

test('a route can do without, and so can a share of the requests', async () => {
  await using off = await start(head('403 Forbidden'), {}, {}, { route: { typed_per_filter_config: { authz: { '@type': `${typeName}PerRoute`, disabled: true } } } });
  expect((await off.proxy.request()).status).toBe(200);
  await using none = await start(head('403 Forbidden'), { filter_enabled: { default_value: { numerator: 0 } } });
  expect([(await none.proxy.request()).status, none.questions.length, none.proxy.metric('envoy_http_ext_authz_disabled')]).toEqual([200, 0, 1]);
});

describe('a body that the service gets to see', () => {
  const answers = async (peer: RawPeer, asked: string[]): Promise<void> => {
    for (;;) {
      const question = await peer.readHead();
      const length = Number(/^content-length: (\d+)/im.exec(question)?.[1]);
      asked.push(`${/^x-envoy-auth-partial-body: (\w+)/im.exec(question)?.[1]} ${(await peer.readBytes(length)).toString()}`);
      peer.write(head('200 OK'));
    }
  };
  const startWith = async (body: object, asked: string[], more: Partial<FilterFixtureOptions> = {}): Promise<FilterFixture & { readonly service: RawUpstream }> => {
    const service = await startRawUpstream((peer) => answers(peer, asked));
    const http_service = { server_uri: { uri: 'authz', cluster: 'authz', timeout: '10s' } };
    const typed_config = { '@type': typeName, http_service, with_request_body: body };
    return Object.assign(await startFilterProxy({ filters: [{ name: 'authz', typed_config }], services: { authz: service }, ...more }), { service });
  };

  test('is kept whole, or refused when it is too large', async () => {
    const asked: string[] = [];
    await using proxy = await startWith({ max_request_bytes: 8 }, asked);
    await using _service = proxy.service;
    expect((await proxy.request({ method: 'POST', body: '12345678' })).status).toBe(200);
    expect((await proxy.request({ method: 'POST', body: '123456789' })).status).toBe(413);
    expect((await proxy.request()).status).toBe(200);
    expect(asked).toEqual(['false 12345678', 'undefined ']);
    expect(proxy.upstreamHeads[0]).toMatch(/^content-length: 8\r$/m);
  });

  test('may be its beginning only; the upstream gets all of it', async () => {
    const asked: string[] = [];
    const received: number[] = [];
    const body = 'abcd'.repeat(100_000);
    const upstream = async (peer: RawPeer): Promise<void> => {
      await peer.readHead();
      received.push((await peer.readBytes(body.length)).length);
      peer.write(head('200 OK'));
    };
    await using proxy = await startWith({ max_request_bytes: 6, allow_partial_message: true }, asked, { upstream });
    await using _service = proxy.service;
    expect((await proxy.request({ method: 'POST', body })).status).toBe(200);
    expect([asked, received]).toEqual([['true abcdab'], [400_000]]);
  });

  test('is not for it where the route says so', async () => {
    const asked: string[] = [];
    const check_settings = { disable_request_body_buffering: true };
    await using proxy = await startWith({ max_request_bytes: 2 }, asked, { route: { typed_per_filter_config: { authz: { '@type': `${typeName}PerRoute`, check_settings } } } });
    await using _service = proxy.service;
    expect((await proxy.request({ method: 'POST', body: '12345678' })).status).toBe(200);
    expect(asked).toEqual(['undefined ']);
  });
});

test('a request that the service has changed may get another route', async () => {
  const authorization_response = { allowed_upstream_headers: named('x-tier') };
  const routes = [
    { match: { prefix: '/', headers: [{ name: 'x-tier', string_match: { exact: 'gold' } }] }, direct_response: { status: 299 } },
    { match: { prefix: '/' }, route: { cluster: 'backend' } },
  ];
  await using fixture = await start(head('200 OK', 'x-tier: gold\r\nx-envoy-auth-headers-to-remove: x-b, x-c\r\n'), { clear_route_cache: true }, { authorization_response }, { routes });
  expect((await fixture.proxy.request({ headers: { 'x-b': '1' } })).status).toBe(299);
  await using usual = await start(head('200 OK', 'x-tier: gold\r\nx-envoy-auth-headers-to-remove: x-b, x-c\r\n'), {}, { authorization_response }, { routes });
  expect((await usual.proxy.request({ headers: { 'x-b': '1' } })).status).toBe(200);
  expect(usual.proxy.upstreamHeads[0]).not.toMatch(/^x-b:/m);
});

test('what is not checked can be refused', async () => {
  await using fixture = await start(head('200 OK'), { filter_enabled: { default_value: { numerator: 0 } }, deny_at_disable: { default_value: true } });
  expect([(await fixture.proxy.request()).status, fixture.questions.length]).toEqual([403, 0]);
});

test('a service behind no cluster is one that fails', async () => {
  await using fixture = await start(head('200 OK'), {}, { server_uri: { uri: 'a', cluster: 'nowhere', timeout: '1s' } });
  expect((await fixture.proxy.request()).status).toBe(403);
  expect(await fixture.proxy.nextLog()).toBe('403 UAEX ext_authz_error');
});

test('what it cannot do is refused', async () => {
  const refused = (config: object, http?: object): Promise<string> => start('', config, http).then(() => 'started', (reason: Error) => reason.message);
  expect(await refused({ with_request_body: {} })).toMatch(/with_request_body\.max_request_bytes: is required/);
  expect(await refused({ http_service: undefined, grpc_service: { google_grpc: {} } })).toMatch(/grpc_service\.google_grpc: is not supported/);
  expect(await refused({ encode_raw_headers: true })).toMatch(/encode_raw_headers: is not supported/);
  expect(await refused({}, { server_uri: { uri: 'ftp://a', cluster: 'a', timeout: '1s' } })).toMatch(/server_uri\.uri: is "ftp:\/\/a"/);
  expect(await refused({}, { server_uri: { uri: 'a:80', cluster: 'a' } })).toMatch(/server_uri\.timeout: is required/);
});
