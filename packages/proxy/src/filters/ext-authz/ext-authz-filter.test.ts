import { describe, expect, test } from 'vitest';
import { startFilterProxy, startRawUpstream, type FilterFixture, type FilterFixtureOptions, type RawUpstream } from '../../testing/index.ts';

const typeName = 'type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz';

interface Fixture extends AsyncDisposable {
  readonly proxy: FilterFixture;
  /** Heads that the service was sent. */
  readonly questions: readonly string[];
}

/** A service that answers each check with this head and body; `''` never answers. */
async function start(answer: string, config: object = {}, http: object = {}, more: Partial<FilterFixtureOptions> = {}): Promise<Fixture> {
  const questions: string[] = [];
  const service: RawUpstream = await startRawUpstream(async (peer) => {
    for (;;) {
      questions.push(await peer.readHead());
      if (answer !== '') peer.write(answer);
    }
  });
  const http_service = { server_uri: { uri: `http://127.0.0.1:${service.address.port}`, cluster: 'backend', timeout: '0.2s' }, ...http };
  const proxy = await startFilterProxy({ filters: [{ name: 'authz', typed_config: { '@type': typeName, http_service, ...config } }], ...more });
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

test('what it cannot do is refused', async () => {
  const refused = (config: object, http?: object): Promise<string> => start('', config, http).then(() => 'started', (reason: Error) => reason.message);
  expect(await refused({ with_request_body: { max_request_bytes: 1 } })).toMatch(/with_request_body: is not supported/);
  expect(await refused({ http_service: undefined, grpc_service: { envoy_grpc: { cluster_name: 'a' } } })).toMatch(/grpc_service: is not supported/);
  expect(await refused({}, { server_uri: { uri: 'ftp://a', cluster: 'a', timeout: '1s' } })).toMatch(/server_uri\.uri: is "ftp:\/\/a"/);
  expect(await refused({}, { server_uri: { uri: 'a:80', cluster: 'a' } })).toMatch(/server_uri\.timeout: is required/);
});
