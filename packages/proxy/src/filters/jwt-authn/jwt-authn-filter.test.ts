import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTPayload } from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';
import { startFilterProxy, startRawUpstream, type FilterFixture, type FilterFixtureOptions } from '../../testing/index.ts';

const typeName = 'type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3';

interface Signer {
  readonly key: CryptoKey;
  readonly jwk: JWK;
}

let first: Signer;
let second: Signer;
let stranger: Signer;

beforeAll(async () => {
  [first, second, stranger] = (await Promise.all(['first', 'second', 'first'].map(createSigner))) as [Signer, Signer, Signer];
});

async function createSigner(kid: string): Promise<Signer> {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  return { key: privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: 'ES256' } };
}

/** A token of the issuer `shop`, good for a minute unless the claims say otherwise. */
function sign(claims: JWTPayload = {}, { key, jwk }: Signer = first, kid: string | undefined = jwk.kid): Promise<string> {
  const payload = { iss: 'shop', exp: Math.floor(Date.now() / 1000) + 60, ...claims };
  return new SignJWT(payload).setProtectedHeader({ alg: 'ES256', ...(kid === undefined ? {} : { kid }) }).sign(key);
}

const keySet = (...signers: readonly Signer[]): string => JSON.stringify({ keys: signers.map(({ jwk }) => jwk) });
const local = (changes: object = {}, signer: Signer = first): object => ({ issuer: 'shop', local_jwks: { inline_string: keySet(signer) }, ...changes });
const everything = { match: { prefix: '/' }, requires: { provider_name: 'shop' } };

const start = (config: object, more: Partial<FilterFixtureOptions> = {}): Promise<FilterFixture> =>
  startFilterProxy({ filters: [{ name: 'jwt', typed_config: { '@type': `${typeName}.JwtAuthentication`, ...config } }], ...more });

const startShop = (changes: object = {}): Promise<FilterFixture> => start({ providers: { shop: local(changes) }, rules: [everything] });

async function answer(proxy: FilterFixture, token: string | undefined, path = '/'): Promise<[number, string]> {
  const { status, body } = await proxy.request({ path, ...(token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }) });
  return [status, body.toString()];
}

describe('a token that is required', () => {
  test('lets its request pass, and stays here', async () => {
    await using proxy = await startShop();
    expect(await answer(proxy, await sign())).toEqual([200, 'hello']);
    expect(proxy.upstreamHeads[0]).not.toMatch(/authorization/i);
    expect(proxy.metric('envoy_http_jwt_authn_allowed')).toBe(1);
  });

  test('that is missing is asked for, without anybody waiting', async () => {
    await using proxy = await startShop();
    const { status, body, headers } = await proxy.request({ path: '/a"b' });
    expect([status, body.toString(), headers['www-authenticate']]).toEqual([401, 'Jwt is missing', 'Bearer realm="http://a.test/a%22b"']);
    expect(await proxy.nextLog()).toBe('401 UAEX jwt_authn_access_denied{Jwt_is_missing}');
    expect([proxy.metric('envoy_http_jwt_authn_denied'), proxy.upstreamHeads.length]).toEqual([1, 0]);
  });

  test('must be good in every respect', async () => {
    await using proxy = await startShop({ audiences: ['cart'] });
    const past = Math.floor(Date.now() / 1000) - 100;
    const good = { aud: 'cart' };
    expect(await answer(proxy, await sign(good))).toEqual([200, 'hello']);
    expect(await answer(proxy, await sign({ ...good, exp: past }))).toEqual([401, 'Jwt is expired']);
    expect(await answer(proxy, await sign({ ...good, nbf: past + 1000 }))).toEqual([401, 'Jwt not yet valid']);
    expect(await answer(proxy, await sign({ ...good, iss: 'other' }))).toEqual([401, 'Jwt issuer is not configured']);
    expect(await answer(proxy, await sign({ aud: 'else' }))).toEqual([403, 'Audiences in Jwt are not allowed']);
    expect(await answer(proxy, await sign(good, stranger))).toEqual([401, 'Jwt verification fails']);
    expect(await answer(proxy, await sign(good, second))).toEqual([401, "Jwks doesn't have key to match kid or alg from Jwt"]);
    expect(await answer(proxy, 'nonsense')).toEqual([401, 'Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections']);
    const [head, payload] = (await sign(good)).split('.');
    expect((await answer(proxy, `${head}.${payload}.`))[0]).toBe(401);
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`;
    expect((await answer(proxy, none))[0]).toBe(401);
    expect(proxy.upstreamHeads).toHaveLength(1);
  });

  test('need not name its key when several could be meant', async () => {
    await using proxy = await startShop({ local_jwks: { inline_string: keySet(second, first) } });
    expect(await answer(proxy, await sign({}, first, undefined).then(withoutKid))).toEqual([200, 'hello']);
  });

  test('may be carried elsewhere', async () => {
    await using proxy = await startShop({ from_headers: [{ name: 'X-Token', value_prefix: 'T ' }], from_params: ['token'], from_cookies: ['session'], forward: true });
    const token = await sign();
    expect((await proxy.request({ headers: { 'x-token': `T ${token}` } })).status).toBe(200);
    expect((await proxy.request({ path: `/?a=b&token=${token}` })).status).toBe(200);
    expect((await proxy.request({ headers: { cookie: `a=b; session=${token}` } })).status).toBe(200);
    expect(await answer(proxy, token)).toEqual([401, 'Jwt is missing']);
    expect(proxy.upstreamHeads[0]).toMatch(/^x-token: T /m);
  });
});

/** The same claims in a token whose head names no key. */
async function withoutKid(token: string): Promise<string> {
  const payload = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as JWTPayload;
  return new SignJWT(payload).setProtectedHeader({ alg: 'ES256' }).sign(first.key);
}

test('the upstream hears what the token says, and never what a client says in its place', async () => {
  await using proxy = await start({
    providers: { shop: local({ forward_payload_header: 'x-payload', claim_to_headers: [{ header_name: 'x-user', claim_name: 'user.name' }, { header_name: 'x-odd', claim_name: 'odd' }] }) },
    rules: [{ match: { prefix: '/open' } }, everything],
  });
  const token = await sign({ user: { name: 'ann' }, odd: 'a\nb' });
  await proxy.request({ headers: { authorization: `Bearer ${token}`, 'x-user': 'root', 'x-odd': '1' } });
  await proxy.request({ path: '/open', headers: { 'x-user': 'root', 'x-payload': 'e30' } });
  const [told, open] = proxy.upstreamHeads;
  expect(told).toMatch(new RegExp(`^x-payload: ${token.split('.')[1]}\r$`, 'm'));
  expect(told).toMatch(/^x-user: ann\r$/m);
  expect(`${told}${open}`).not.toMatch(/root|x-odd|e30\r/);
});

describe('requirements', () => {
  test('can be met by any of several providers, or must be by all', async () => {
    const providers = { shop: local(), other: local({ issuer: 'other', from_headers: [{ name: 'x-other' }] }, second) };
    const requirements = [{ provider_name: 'shop' }, { provider_name: 'other' }];
    const rules = [
      { match: { prefix: '/any' }, requires: { requires_any: { requirements } } },
      { match: { prefix: '/all' }, requires: { requires_all: { requirements } } },
    ];
    await using proxy = await start({ providers, rules });
    const other = await sign({ iss: 'other' }, second);
    const shop = { authorization: `Bearer ${await sign()}` };
    const statusOf = async (path: string, headers: Record<string, string>): Promise<number> => (await proxy.request({ path, headers })).status;
    expect([await statusOf('/any', { 'x-other': other }), await statusOf('/any', {}), await statusOf('/any', { 'x-other': 'bad' })]).toEqual([200, 401, 401]);
    expect([await statusOf('/all', { ...shop, 'x-other': other }), await statusOf('/all', shop)]).toEqual([200, 401]);
  });

  test('may allow that tokens are missing, or that they are bad', async () => {
    const rules = [
      { match: { prefix: '/missing' }, requires: { requires_any: { requirements: [{ provider_name: 'shop' }, { allow_missing: {} }] } } },
      { match: { prefix: '/bad' }, requires: { allow_missing_or_failed: {} } },
    ];
    await using proxy = await start({ providers: { shop: local() }, rules });
    const bad = await sign({ iss: 'other' });
    expect([await answer(proxy, undefined, '/missing'), await answer(proxy, bad, '/missing')].map(([status]) => status)).toEqual([200, 401]);
    expect([await answer(proxy, undefined, '/bad'), await answer(proxy, bad, '/bad'), await answer(proxy, undefined, '/elsewhere')].map(([status]) => status)).toEqual([200, 200, 200]);
  });

  test('of a route are looked up by name; unknown ones let nobody pass', async () => {
    const perRoute = (fields: object): object => ({ route: { cluster: 'backend' }, typed_per_filter_config: { jwt: { '@type': `${typeName}.PerRouteConfig`, ...fields } } });
    const routes = [
      { match: { prefix: '/off' }, ...perRoute({ disabled: true }) },
      { match: { prefix: '/named' }, ...perRoute({ requirement_name: 'shop' }) },
      { match: { prefix: '/wrong' }, ...perRoute({ requirement_name: 'nothing' }) },
    ];
    await using proxy = await start({ providers: { shop: local() }, rules: [everything], requirement_map: { shop: { provider_name: 'shop' } } }, { routes });
    expect((await answer(proxy, undefined, '/off'))[0]).toBe(200);
    expect(await answer(proxy, undefined, '/named')).toEqual([401, 'Jwt is missing']);
    expect(await answer(proxy, await sign(), '/wrong')).toEqual([403, 'Wrong requirement_name: nothing']);
  });

  test('leave preflights alone where told so, and say no more than they must', async () => {
    await using proxy = await start({ providers: { shop: local() }, rules: [everything], bypass_cors_preflight: true, strip_failure_response: true });
    expect((await proxy.request({ method: 'OPTIONS', headers: { origin: 'a', 'access-control-request-method': 'PUT' } })).status).toBe(200);
    expect(await answer(proxy, undefined)).toEqual([401, '']);
  });
});

test('remote keys are fetched once for all who wait, and again after a failure', async () => {
  let fetches = 0;
  await using keys = await startRawUpstream(async (peer) => {
    await peer.readHead();
    fetches += 1;
    const body = fetches === 1 ? 'not yet' : keySet(first);
    peer.write(`HTTP/1.1 ${fetches === 1 ? 503 : 200} X\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`);
    peer.end();
  });
  const remote_jwks = { http_uri: { uri: 'https://accounts.test/keys', cluster: 'keys', timeout: '10s' } };
  await using proxy = await start({ providers: { shop: { issuer: 'shop', remote_jwks } }, rules: [everything] }, { services: { keys } });
  const token = await sign();
  expect(await answer(proxy, token)).toEqual([401, 'Jwks remote fetch is failed']);
  const answers = await Promise.all([1, 2, 3, 4].map(() => answer(proxy, token)));
  expect(answers.map(([status]) => status)).toEqual([200, 200, 200, 200]);
  expect([fetches, proxy.metric('envoy_http_jwt_authn_jwks_fetch_success'), proxy.metric('envoy_http_jwt_authn_jwks_fetch_failed')]).toEqual([2, 1, 1]);
});

test('mistakes are told, and nothing that would let requests pass is left out', async () => {
  const refused = (config: object): Promise<string> => start(config).then(() => 'started', (reason: Error) => reason.message);
  expect(await refused({ providers: {}, rules: [everything] })).toMatch(/rules\[0\]\.requires\.provider_name: is "shop", which is no provider/);
  expect(await refused({ rules: [{ match: { prefix: '/' }, requirement_name: 'a' }] })).toMatch(/requirement_name: is "a", which requirement_map does not have/);
  expect(await refused({ providers: { shop: local({ local_jwks: { inline_string: '{}' } }) } })).toMatch(/providers\.shop\.local_jwks: is no JSON Web Key Set/);
  expect(await refused({ providers: { shop: local({ local_jwks: { filename: '/keys' } }) } })).toMatch(/providers\.shop\.local_jwks: cannot be read: .*\/keys/);
  expect(await refused({ providers: { shop: { issuer: 'a' } } })).toMatch(/providers\.shop: must have local_jwks or remote_jwks/);
  expect(await refused({ providers: { shop: local({ local_jwks: { environment_variable: 'NO_SUCH_KEYS' } }) } })).toMatch(/local_jwks: cannot be read: the environment has no NO_SUCH_KEYS/);
  expect(await refused({ providers: { shop: local({ subjects: { safe_regex: { regex: '[' } } }) } })).toMatch(/providers\.shop\.subjects\.safe_regex/);
  expect(await refused({ providers: { shop: local() }, rules: [{ match: { prefix: '/' }, requires: { extract_only_without_validation: {} } }] })).toMatch(/extract_only_without_validation: is not supported/);
});

test('a fetch is tried again as often as it may, and by cluster, host and path', async () => {
  const asked: string[] = [];
  await using keys = await startRawUpstream(async (peer) => {
    for (;;) {
      asked.push(await peer.readHead());
      const body = asked.length < 3 ? '' : keySet(first);
      peer.write(`HTTP/1.1 ${asked.length < 3 ? 500 : 200} X\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
    }
  });
  const retry_policy = { num_retries: 2, retry_back_off: { base_interval: '0.01s' } };
  const remote_jwks = { http_uri: { uri: 'https://accounts.test/keys?v=1', cluster: 'keys', timeout: '10s' }, retry_policy };
  await using proxy = await start({ providers: { shop: { issuer: 'shop', remote_jwks } }, rules: [everything] }, { services: { keys } });
  expect(await answer(proxy, await sign())).toEqual([200, 'hello']);
  expect([asked.length, proxy.metric('envoy_http_jwt_authn_jwks_fetch_failed')]).toEqual([3, 2]);
  expect(asked[0]).toMatch(/^GET \/keys\?v=1 HTTP\/1\.1\r\nhost: accounts\.test\r\n/);
});

test('keys that are fetched ahead are replaced while the old ones serve', async () => {
  const fetches: string[] = [];
  await using keys = await startRawUpstream(async (peer) => {
    for (;;) {
      fetches.push(await peer.readHead());
      const body = keySet(first);
      if (fetches.length < 3) peer.write(`HTTP/1.1 200 X\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
    }
  });
  const remote_jwks = { http_uri: { uri: 'a', cluster: 'keys', timeout: '60s' }, cache_duration: '0.002s', async_fetch: { fast_listener: true } };
  await using proxy = await start({ providers: { shop: { issuer: 'shop', remote_jwks } }, rules: [everything] }, { services: { keys } });
  const token = await sign();
  // The third fetch is never answered; nobody waits for it.
  while (fetches.length < 3) expect((await answer(proxy, token))[0]).toBe(200);
  expect((await answer(proxy, token))[0]).toBe(200);
});

test('keys may stand in a file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'keys-'));
  await writeFile(join(folder, 'keys.json'), keySet(first));
  await using proxy = await startShop({ local_jwks: { filename: join(folder, 'keys.json') } });
  await rm(folder, { recursive: true });
  expect((await answer(proxy, await sign()))[0]).toBe(200);
});

test('a provider may say whom tokens are about and how long they may last', async () => {
  await using proxy = await startShop({ subjects: { prefix: 'spiffe://a/' }, max_lifetime: '120s' });
  const soon = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds;
  expect((await answer(proxy, await sign({ sub: 'spiffe://a/b' })))[0]).toBe(200);
  expect(await answer(proxy, await sign({ sub: 'spiffe://b/b' }))).toEqual([401, 'Jwt verification fails']);
  expect((await answer(proxy, await sign()))[0]).toBe(401);
  expect((await answer(proxy, await sign({ sub: 'spiffe://a/b', exp: soon(1000) })))[0]).toBe(401);
  expect(proxy.metric('envoy_http_jwt_authn_denied')).toBe(3);
});

test('what a token says is there for the filters behind, and so is why one was refused', async () => {
  const provider = local({ payload_in_metadata: 'payload', header_in_metadata: 'head', failed_status_in_metadata: 'why', normalize_payload_in_metadata: { space_delimited_claims: ['scope'] } });
  const jwt = { name: 'jwt', typed_config: { '@type': `${typeName}.JwtAuthentication`, providers: { shop: provider }, rules: [{ match: { prefix: '/' }, requires: { allow_missing_or_failed: {} } }] } };
  const at = (path: string[], value: object): object => ({ metadata: { filter: 'envoy.filters.http.jwt_authn', path: path.map((key) => ({ key })), value } });
  const good = [at(['payload', 'scope'], { list_match: { one_of: { string_match: { exact: 'write' } } } }), at(['head', 'alg'], { string_match: { exact: 'ES256' } })];
  const policies = { good: { permissions: [{ any: true }], principals: [{ and_ids: { ids: good } }] }, bad: { permissions: [{ any: true }], principals: [at(['why', 'message'], { string_match: { exact: 'Jwt is expired' } })] } };
  const rbac = { name: 'rbac', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC', rules: { policies } } };
  await using proxy = await startFilterProxy({ filters: [jwt, rbac] });
  const statuses = [];
  for (const claims of [{ scope: 'read write' }, { scope: 'read' }, { exp: 1000 }, { iss: 'x' }]) statuses.push((await answer(proxy, await sign(claims)))[0]);
  expect(statuses).toEqual([200, 403, 200, 403]);
});
