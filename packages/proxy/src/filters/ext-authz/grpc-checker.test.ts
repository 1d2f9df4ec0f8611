/** The bytes of answers here were made by protobufjs from Envoy's own protos. */
import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import { readFields } from '../../grpc/proto-reader.ts';
import { startFilterProxy, startGrpcService, type FilterFixture, type FilterFixtureOptions, type GrpcAnswer, type GrpcQuestion } from '../../testing/index.ts';
import { decodeCheckResponse } from './check-response.ts';

const typeName = 'type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz';

/** Headers set and appended, one removed, one for the client, the query changed, and dynamic metadata. */
const allowed =
  '0a0208001a51120f0a0d0a06582d557365721203616e6e12130a0d0a08782d67726f757073120162120208012a08782d736563726574320c0a080a03782d6112013118013a0a0a0377686f1203616e6e4205746f6b656e22530a0e0a047469657212061a04676f6c640a0e0a016e12091100000000000000400a090a03796573120220010a130a046c697374120b32090a031a01610a0208000a110a02696e120b2a090a070a017812021a00';
/** 401 with a header and the body `no`. */
const denied = '0a02080712260a03089103121b0a190a107777772d61757468656e746963617465120542617369631a026e6f';
const bare = '0a020810';

const of = (hex: string): GrpcAnswer => ({ message: Buffer.from(hex, 'hex') });

async function start(answer: (question: GrpcQuestion) => GrpcAnswer | undefined, config: object = {}, more: Partial<FilterFixtureOptions> = {}): Promise<FilterFixture> {
  const service = await startGrpcService(answer);
  const grpc_service = { envoy_grpc: { cluster_name: 'authz' }, timeout: '10s' };
  const typed_config = { '@type': typeName, grpc_service, transport_api_version: 'V3', ...config };
  const proxy = await startFilterProxy({ filters: [{ name: 'authz', typed_config }], services: { authz: { address: service.address, protocol: 'h2' } }, ...more });
  return {
    ...proxy,
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await service[Symbol.asyncDispose]();
    },
  };
}

test('an answer that allows changes the request and the response', async () => {
  await using proxy = await start(() => of(allowed));
  const { status, headers } = await proxy.request({ path: '/a?token=t&b=c', headers: { 'x-user': 'root', 'x-groups': 'a', 'x-secret': '1' } });
  expect([status, headers['x-a']]).toEqual([200, '1']);
  const [asked] = proxy.upstreamHeads;
  expect(asked).toMatch(/^GET \/a\?b=c&who=ann HTTP/);
  expect(asked).toMatch(/x-groups: a\r\n[^]*x-user: ann\r\nx-groups: b\r\n/);
  expect(asked).not.toMatch(/x-secret|root/);
});

test('an answer that denies is the client’s, and 403 when it says nothing', async () => {
  const answers = [denied, bare];
  await using proxy = await start(() => of(answers.shift() ?? bare));
  const first = await proxy.request();
  expect([first.status, first.headers['www-authenticate'], first.body.toString()]).toEqual([401, 'Basic', 'no']);
  expect((await proxy.request()).status).toBe(403);
  expect([await proxy.nextLog(), proxy.metric('envoy_http_ext_authz_denied')]).toEqual(['401 UAEX ext_authz_denied', 2]);
});

test('a call that fails, or an answer that is none, lets nobody pass', async () => {
  const answers: GrpcAnswer[] = [{ status: 14, text: 'later' }, { message: Buffer.from([255, 255]) }, {}];
  await using proxy = await start(() => answers.shift(), { status_on_error: { code: 'ServiceUnavailable' } });
  const statuses = [];
  for (let count = 0; count < 3; count += 1) statuses.push((await proxy.request()).status);
  expect([statuses, proxy.metric('envoy_http_ext_authz_error')]).toEqual([[503, 503, 503], 3]);
});

test('the service hears who asks for what, with the body and what the route and other filters say', async () => {
  const questions: GrpcQuestion[] = [];
  const setMetadata = { name: 'first', typed_config: { '@type': typeName, grpc_service: { envoy_grpc: { cluster_name: 'authz' }, timeout: '10s' } } };
  const perRoute = { '@type': `${typeName}PerRoute`, check_settings: { context_extensions: { team: 'blue' } } };
  const config = { with_request_body: { max_request_bytes: 4, allow_partial_message: true, pack_as_bytes: true }, disallowed_headers: { patterns: [{ prefix: 'x-hidden' }] }, metadata_context_namespaces: ['envoy.filters.http.ext_authz', 'else'] };
  const service = (question: GrpcQuestion): GrpcAnswer => {
    questions.push(question);
    return of(allowed);
  };
  const second = { name: 'authz', typed_config: { '@type': typeName, grpc_service: setMetadata.typed_config.grpc_service, ...config } };
  await using both = await start(service, {}, { filters: [setMetadata, second], route: { typed_per_filter_config: { authz: perRoute } } });
  await both.request({ method: 'POST', path: '/a?b=c', headers: { 'x-shown': 'ä', 'x-hidden-1': '1' }, body: 'abcdef' });
  expect(questions.map(({ path }) => path)).toEqual(['/envoy.service.auth.v3.Authorization/Check', '/envoy.service.auth.v3.Authorization/Check']);
  const context = [...readFields([...readFields(questions[1]?.message as Buffer)][0]?.bytes as Buffer)];
  const text = context.map(({ field, bytes }) => `${field}: ${bytes.toString('latin1')}`).join('\n');
  expect(context.map(({ field }) => field)).toEqual([1, 2, 4, 10, 11]);
  expect(text).toMatch(/^1: [^]*127\.0\.0\.1[^]*^2: [^]*127\.0\.0\.1/m);
  expect(text).toMatch(/POST[^]*:authority[^]*a\.test[^]*:path[^]*\/a\?b=c[^]*x-shown[^]*x-envoy-auth-partial-body[^]*true[^]*HTTP\/1\.1[^]*abcd/);
  expect(text).not.toMatch(/x-hidden|abcde/);
  expect(text).toMatch(/^10: [^]*team[^]*blue[^]*^11: [^]*envoy\.filters\.http\.ext_authz[^]*tier[^]*gold/m);
});

test('dynamic metadata comes out as it went in', () => {
  const verdict = decodeCheckResponse(Buffer.from(allowed, 'hex'));
  const metadata = verdict.kind === 'allowed' ? verdict.changes.metadata : undefined;
  expect({ ...metadata }).toEqual({ tier: 'gold', n: 2, yes: true, list: ['a', null], in: expect.objectContaining({ x: '' }) as unknown });
});
