/** The bytes of answers here were made by protobufjs from Envoy's own protos. */
import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import { startFilterProxy, startGrpcService, type FilterFixture, type FilterFixtureOptions, type GrpcAnswer, type GrpcQuestion } from '../../testing/index.ts';

/** OK: 3 of 10 a minute left (`slow`), 4 of 5 a second; a header for each side; dynamic metadata. */
const ok = '080112140801120a080a10021a04736c6f77180322020814120e08011204080510011804220208011a0b0a06782d72657370120172220a0a05782d726571120171320a0a080a016112031a0162';
/** OVER_LIMIT of 1 an hour, 90 s to go; a header, and the body `slow down`. */
const over = '0802120c08021204080110032202085a1a0b0a06782d726573701201722a09736c6f7720646f776e';

const typeName = 'type.googleapis.com/envoy.extensions.filters.http.ratelimit.v3.RateLimit';
const limits = { rate_limits: [{ actions: [{ remote_address: {} }, { request_headers: { header_name: 'x-user', descriptor_key: 'user' } }] }] };

async function start(answer: (question: GrpcQuestion) => GrpcAnswer | undefined, config: object = {}, more: Partial<FilterFixtureOptions> = {}): Promise<FilterFixture> {
  const service = await startGrpcService(answer);
  const rate_limit_service = { grpc_service: { envoy_grpc: { cluster_name: 'limits' } }, transport_api_version: 'V3' };
  const typed_config = { '@type': typeName, domain: 'edge', timeout: '10s', rate_limit_service, ...config };
  const route = { route: { cluster: 'backend', ...limits } };
  const proxy = await startFilterProxy({ filters: [{ name: 'limit', typed_config }], services: { limits: { address: service.address, protocol: 'h2' } }, route, ...more });
  return {
    ...proxy,
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await service[Symbol.asyncDispose]();
    },
  };
}

const of = (hex: string): GrpcAnswer => ({ message: Buffer.from(hex, 'hex') });
const ann = { headers: { 'x-user': 'ann' } };

test('the service is asked by what the route counts by, and what it says reaches both sides', async () => {
  const questions: GrpcQuestion[] = [];
  const answer = (question: GrpcQuestion): GrpcAnswer => {
    questions.push(question);
    return of(ok);
  };
  await using proxy = await start(answer, { enable_x_ratelimit_headers: 'DRAFT_VERSION_03' });
  const { status, headers } = await proxy.request(ann);
  expect([status, headers['x-resp'], /^x-req: q\r$/m.test(proxy.upstreamHeads[0] ?? '')]).toEqual([200, 'r', true]);
  expect([headers['x-ratelimit-limit'], headers['x-ratelimit-remaining'], headers['x-ratelimit-reset']]).toEqual(['10, 10;w=60;name="slow", 5;w=1', '3', '20']);
  expect(questions.map(({ path, message }) => [path, message.toString('latin1')])).toEqual([
    ['/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit', '\n\x04edge\x12*\n\x1b\n\x0eremote_address\x12\x09127.0.0.1\n\x0b\n\x04user\x12\x03ann'],
  ]);
  expect(proxy.metric('envoy_cluster_ratelimit_ok', { envoy_cluster_name: 'backend' })).toBe(1);
});

test('a request without a descriptor passes without a question', async () => {
  await using proxy = await start(() => of(over));
  expect((await proxy.request()).status).toBe(200);
});

test('a request too many is refused, and its client told so', async () => {
  await using proxy = await start(() => of(over), { response_headers_to_add: [{ header: { key: 'x-why', value: '%RESPONSE_CODE%' } }] });
  const { status, headers, body } = await proxy.request(ann);
  expect([status, body.toString(), headers['x-resp'], headers['x-envoy-ratelimited'], headers['x-why']]).toEqual([429, 'slow down', 'r', 'true', '429']);
  expect([await proxy.nextLog(), proxy.metric('envoy_cluster_ratelimit_over_limit')]).toEqual(['429 RL request_rate_limited', 1]);
  await using other = await start(() => of(over), { rate_limited_status: { code: 'ServiceUnavailable' }, disable_x_envoy_ratelimited_header: true, rate_limited_as_resource_exhausted: true });
  const quiet = await other.request(ann);
  expect([quiet.status, quiet.headers['x-envoy-ratelimited']]).toEqual([503, undefined]);
  expect((await other.request({ headers: { ...ann.headers, 'content-type': 'application/grpc' } })).headers['grpc-status']).toBe('8');
});

test('a service that fails lets everybody pass, or nobody', async () => {
  await using open = await start(() => ({ status: 14 }));
  expect([(await open.request(ann)).status, open.metric('envoy_cluster_ratelimit_error'), open.metric('envoy_cluster_ratelimit_failure_mode_allowed')]).toEqual([200, 1, 1]);
  await using closed = await start(() => ({ message: Buffer.from([255]) }), { failure_mode_deny: true });
  expect((await closed.request(ann)).status).toBe(500);
  expect(await closed.nextLog()).toBe('500 RLSE rate_limiter_error');
  await using late = await start(() => undefined, { failure_mode_deny: true, timeout: '0.05s', status_on_error: { code: 'ServiceUnavailable' } });
  expect((await late.request(ann)).status).toBe(503);
});

test('a route may have a domain and limits of its own', async () => {
  const asked: string[] = [];
  const answer = ({ message }: GrpcQuestion): GrpcAnswer => {
    asked.push(message.toString('latin1'));
    return of(ok);
  };
  const perRoute = { '@type': `${typeName}PerRoute`, domain: 'inner', rate_limits: [{ actions: [{ generic_key: { descriptor_value: 'mine' } }] }] };
  await using proxy = await start(answer, {}, { route: { route: { cluster: 'backend', ...limits }, typed_per_filter_config: { limit: perRoute } } });
  await proxy.request(ann);
  expect(asked).toEqual(['\n\x05inner\x12\x15\n\x13\n\x0bgeneric_key\x12\x04mine']);
});

test('what it cannot do is refused', async () => {
  const refused = (config: object): Promise<string> => start(() => undefined, config).then(() => 'started', (reason: Error) => reason.message);
  expect(await refused({ domain: '' })).toMatch(/domain: must not be empty/);
  expect(await refused({ rate_limit_service: {} })).toMatch(/rate_limit_service\.grpc_service: is required/);
  expect(await refused({ stage: 11 })).toMatch(/stage: is 11/);
});
