import { expect, test } from 'vitest';
import { decodeCluster } from './cluster.ts';
import { staticClusterJson, typed, type Json } from './testing/sample-resources.ts';

const decode = (fields: Json) => decodeCluster(staticClusterJson('a', [], fields));

test('http2_protocol_options on the cluster itself make it speak HTTP/2', () => {
  expect(decode({ http2_protocol_options: {} })).toMatchObject({ ok: true, problems: [], value: { http: { http2: { concurrentStreamsMax: 1024 } } } });
  expect(decode({ http_protocol_options: {} })).toMatchObject({ ok: true, value: { http: { idleTimeoutMs: 3_600_000 } } });
});

test('protocol_selection follows the client', () => {
  expect(decode({ protocol_selection: 'USE_DOWNSTREAM_PROTOCOL' })).toMatchObject({
    ok: true,
    value: { http: { followsDownstream: true, http2: { concurrentStreamsMax: 1024 } } },
  });
});

test('common options and the older limit of requests', () => {
  expect(decode({ common_http_protocol_options: { idle_timeout: '4s' }, max_requests_per_connection: 7 })).toMatchObject({
    ok: true,
    value: { http: { idleTimeoutMs: 4000, requestsPerConnectionMax: 7 } },
  });
  expect(decode({ common_http_protocol_options: { max_requests_per_connection: 3 }, max_requests_per_connection: 7 })).toMatchObject({
    ok: true,
    value: { http: { requestsPerConnectionMax: 3 } },
  });
});

test('limits of responses, and what TLS takes from requests', () => {
  const fields = { common_http_protocol_options: { max_headers_count: 20, max_response_headers_kb: 4 }, upstream_http_protocol_options: { auto_sni: true } };
  expect(decode(fields)).toMatchObject({ ok: true, problems: [], value: { http: { responseFieldsMax: 20, responseHeadBytesMax: 4096, autoSni: { takesSniFromRequest: true } } } });
});

test('typed options stand in place of all of these', () => {
  const name = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
  const decoded = decode({
    http2_protocol_options: {},
    max_requests_per_connection: 7,
    typed_extension_protocol_options: { [name]: typed(name, { explicit_http_config: { http_protocol_options: {} } }) },
  });
  expect(decoded).toMatchObject({ ok: true, value: { http: { requestsPerConnectionMax: 0 } } });
  expect(decoded.ok && decoded.value.http.http2).toBeUndefined();
});
