/** Conditions and answers of routes, from configuration to both ends of the wire. */
import { describe, expect, test } from 'vitest';
import { startFilterProxy, type FilterFixture } from '../testing/index.ts';

const to = (cluster: string, more: object = {}): object => ({ route: { cluster, ...more } });
const say = (body: string): object => ({ direct_response: { status: 200, body: { inline_string: body } } });
const rest = { match: { prefix: '/' }, ...say('rest') };

async function answerOf(proxy: FilterFixture, path: string, headers: Readonly<Record<string, string>> = {}): Promise<string> {
  return (await proxy.request({ path, headers })).body.toString();
}

/** The target and host that the upstream was sent last. */
function seen({ upstreamHeads }: FilterFixture): readonly string[] {
  const head = upstreamHeads.at(-1) ?? '';
  return [head.split(' ')[1] ?? '', /^host: (.*)\r$/im.exec(head)?.[1] ?? ''];
}

describe('a route may want', () => {
  test('cookies', async () => {
    const cookies = [{ name: 'group', string_match: { prefix: 'b' } }, { name: 'out', string_match: { exact: '1' }, invert_match: true }];
    await using proxy = await startFilterProxy({ routes: [{ match: { prefix: '/', cookies }, ...say('beta') }, rest] });
    expect(await answerOf(proxy, '/', { cookie: 'a=1; group="beta"' })).toBe('beta');
    expect(await answerOf(proxy, '/', { cookie: 'group=alpha' })).toBe('rest');
    expect(await answerOf(proxy, '/', { cookie: 'group=beta; out=1' })).toBe('rest');
    expect(await answerOf(proxy, '/')).toBe('rest');
  });

  test('what filters have found out', async () => {
    const match = { prefix: '/', dynamic_metadata: [{ filter: 'app', path: [{ key: 'plan' }], value: { string_match: { exact: 'gold' } } }] };
    await using proxy = await startFilterProxy({ routes: [{ match, ...say('gold') }, { match: { prefix: '/', filter_state: [{ key: 'k', string_match: { exact: 'v' } }] }, ...say('state') }, rest] });
    // Nobody has, here: nothing matches, and nothing breaks.
    expect(await answerOf(proxy, '/')).toBe('rest');
  });

  test('a client that shows no certificate', async () => {
    await using proxy = await startFilterProxy({ routes: [{ match: { prefix: '/', tls_context: { presented: true } }, ...say('mutual') }, rest] });
    expect(await answerOf(proxy, '/')).toBe('rest');
  });

  test('a path that follows a template, whose variables a rewrite may use', async () => {
    const match = { path_match_policy: uriTemplate('match', { path_template: '/v1/{country}/{rest=**}' }) };
    const rewrite = { path_rewrite_policy: uriTemplate('rewrite', { path_template_rewrite: '/{rest}/of/{country}' }) };
    await using proxy = await startFilterProxy({ routes: [{ match, ...to('backend', rewrite) }, rest] });
    await answerOf(proxy, '/v1/ch/cities/bern?x=1');
    expect(seen(proxy)[0]).toBe('/cities/bern/of/ch?x=1');
    expect(await answerOf(proxy, '/v1//cities')).toBe('rest');
    expect(await answerOf(proxy, '/v2/ch/x')).toBe('rest');
  });

  test.each(['no-slash', '/{a}/{a}', '/{1x}', '/**/{x}', '/{x', '/{a}/{b}/{c}/{d}/{e}/{f}'])('no template such as %s', async (template) => {
    const match = { path_match_policy: uriTemplate('match', { path_template: template }) };
    await expect(startFilterProxy({ routes: [{ match, ...say('x') }] })).rejects.toThrow(/path_template/);
  });

  test('a path without its parameters, where the table says so', async () => {
    const routes = [{ match: { path: '/a' }, ...say('a') }, rest];
    await using strict = await startFilterProxy({ routes });
    expect(await answerOf(strict, '/a;v=1')).toBe('rest');
    await using lenient = await startFilterProxy({ routes, table: { ignore_path_parameters_in_path_matching: true } });
    expect(await answerOf(lenient, '/a;v=1?q')).toBe('a');
  });

  test('a host named by another header, where the table says so', async () => {
    await using proxy = await startFilterProxy({ virtualHost: { domains: ['inner.test'] }, table: { vhost_header: 'X-Tenant' }, routes: [rest] });
    expect(await answerOf(proxy, '/', { 'x-tenant': 'inner.test' })).toBe('rest');
    expect((await proxy.request()).status).toBe(404);
  });

  test('https, of those outside or of all', async () => {
    await using external = await startFilterProxy({ virtualHost: { require_tls: 'EXTERNAL_ONLY' }, routes: [rest] });
    expect(await external.request({ path: '/x?y' })).toMatchObject({ status: 301, headers: { location: 'https://a.test/x?y' } });
    expect(await answerOf(external, '/', { 'x-forwarded-for': '127.0.0.1' })).toBe('rest');
    expect(external.metric('envoy_http_rq_redirect')).toBe(1);
  });
});

describe('the runtime', () => {
  const routes = [{ match: { prefix: '/', runtime_fraction: { default_value: { numerator: 0 }, runtime_key: 'beta.share' } }, ...say('beta') }, rest];

  test('decides how many requests a route takes, in place of its default', async () => {
    await using without = await startFilterProxy({ routes });
    expect(await answerOf(without, '/')).toBe('rest');
    const layers = [{ name: 'base', static_layer: { beta: { share: 0 } } }, { name: 'over', static_layer: { 'beta.share': 100 } }];
    await using proxy = await startFilterProxy({ routes, bootstrap: { layered_runtime: { layers } } });
    expect(await answerOf(proxy, '/')).toBe('beta');
  });
});

describe('answers and rewrites', () => {
  test('a direct response with a format', async () => {
    const direct_response = { status: 418, body: { inline_string: 'tea' }, body_format: { json_format: { what: '%LOCAL_REPLY_BODY%', code: '%RESPONSE_CODE%', path: '%REQ(:path)%' } } };
    await using proxy = await startFilterProxy({ routes: [{ match: { prefix: '/' }, direct_response }] });
    const answer = await proxy.request({ path: '/pot' });
    expect(answer).toMatchObject({ status: 418, headers: { 'content-type': 'application/json' } });
    expect(JSON.parse(answer.body.toString())).toEqual({ what: 'tea', code: 418, path: '/pot' });
    expect(proxy.metric('envoy_http_rq_direct_response')).toBe(1);
  });

  test('a direct response out of a file that is not there is a problem of the configuration', async () => {
    const direct_response = { status: 200, body: { filename: '/nowhere/page.html' } };
    await expect(startFilterProxy({ routes: [{ match: { prefix: '/' }, direct_response }] })).rejects.toThrow(/direct_response\.body: cannot be read: ENOENT/);
  });

  test('hosts and paths made by formats, as far as they are any', async () => {
    const route = { host_rewrite: '%REQ(x-tenant)%.inner', path_rewrite: '/t/%REQ(x-tenant)%' };
    await using proxy = await startFilterProxy({ routes: [{ match: { prefix: '/' }, ...to('backend', route) }] });
    await proxy.request({ path: '/a?b', headers: { 'x-tenant': 'acme' } });
    expect(seen(proxy)).toEqual(['/t/acme?b', 'acme.inner']);
    await proxy.request({ path: '/a?b', headers: { 'x-tenant': 'no such/host' } });
    expect(seen(proxy)).toEqual(['/a?b', 'a.test']);
  });

  test('virtual clusters give requests a kind', async () => {
    const virtual_clusters = [{ name: 'reads', headers: [{ name: ':method', string_match: { exact: 'GET' } }] }];
    await using proxy = await startFilterProxy({ virtualHost: { virtual_clusters }, logFormat: '%VIRTUAL_CLUSTER_NAME%' });
    await proxy.request();
    await proxy.request({ method: 'DELETE' });
    expect([await proxy.nextLog(), await proxy.nextLog()]).toEqual(['reads', 'other']);
  });

  test('a method can be refused by a route, TRACE for one', async () => {
    const refuse = { match: { prefix: '/', headers: [{ name: ':method', string_match: { exact: 'TRACE' } }] }, direct_response: { status: 405 } };
    await using proxy = await startFilterProxy({ routes: [refuse, { match: { prefix: '/' }, ...to('backend') }] });
    expect((await proxy.request({ method: 'TRACE' })).status).toBe(405);
    expect(proxy.upstreamHeads).toEqual([]);
  });
});

function uriTemplate(kind: 'match' | 'rewrite', fields: object): object {
  const type = kind === 'match' ? 'envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig' : 'envoy.extensions.path.rewrite.uri_template.v3.UriTemplateRewriteConfig';
  return { name: `envoy.path.${kind}.uri_template.uri_template_${kind}er`, typed_config: { '@type': `type.googleapis.com/${type}`, ...fields } };
}
