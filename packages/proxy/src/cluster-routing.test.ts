/** What a cluster says in place of the routes that lead to it. */
import { expect, test } from 'vitest';
import { answerWith, createAnsweringUpstream, startFilterProxy, startRawUpstream, type RawPeer } from './testing/index.ts';

const optionsType = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
const options = (fields: object) => ({ typed_extension_protocol_options: { [optionsType]: { '@type': `type.googleapis.com/${optionsType}`, explicit_http_config: { http_protocol_options: {} }, ...fields } } });
const at = (port: number) => ({ endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: port } } } });

function named(name: string, status = '200 OK', more = '') {
  return startRawUpstream(async (peer: RawPeer) => {
    for (;;) {
      await peer.readHead();
      peer.write(`HTTP/1.1 ${status}\r\nx-host: ${name}\r\n${more}content-length: 0\r\n\r\n`);
    }
  });
}

test('requests are placed by the hash policy of their cluster, whatever the route says', async () => {
  await using first = await named('first');
  await using second = await named('second');
  const hosts = [at(first.address.port), at(second.address.port)];
  await using proxy = await startFilterProxy({
    route: { route: { cluster: 'backend', hash_policy: [{ header: { header_name: 'x-other' } }] } },
    cluster: { lb_policy: 'MAGLEV', load_assignment: { cluster_name: 'backend', endpoints: [{ lb_endpoints: hosts }] }, ...options({ hash_policy: [{ header: { header_name: 'x-key' } }] }) },
  });
  const places = new Set<string>();
  for (let key = 0; key < 12; key += 1) {
    const ask = async (other: string) => (await proxy.request({ headers: { 'x-key': String(key), 'x-other': other } })).headers['x-host'] ?? '';
    const place = await ask('a');
    for (const other of ['b', 'c']) expect(await ask(other)).toBe(place);
    places.add(place);
  }
  expect([...places].sort()).toEqual(['first', 'second']);
});

test('a cluster mirrors by itself, in place of its routes', async () => {
  const shadow = createAnsweringUpstream([answerWith(200, 'nobody reads this')]);
  const other = createAnsweringUpstream([answerWith(200, 'nor this')]);
  await using server = await startRawUpstream(shadow.script);
  await using idle = await startRawUpstream(other.script);
  await using proxy = await startFilterProxy({
    route: { route: { cluster: 'backend', request_mirror_policies: [{ cluster: 'idle' }] } },
    clusters: { shadow: [server.address], idle: [idle.address] },
    cluster: options({ request_mirror_policies: [{ cluster: 'shadow' }] }),
  });
  expect((await proxy.request({ path: '/x' })).body.toString()).toBe('hello');
  await expect.poll(() => shadow.heads[0], { timeout: 10_000 }).toMatch(/^GET \/x HTTP\/1.1\r\n.*host: a.test-shadow\r\n/s);
  expect(other.heads).toEqual([]);
});

test.each([
  ['a header that says so', { http_response_headers_match: { headers: [{ name: 'x-failed', present_match: true }] } }, '200 OK', 'x-failed: 1\r\n', 1],
  ['a status that does not matter', { not_match: { any_match: true } }, '500 Oops', '', 0],
  ['one of two', { or_match: { rules: [{ http_response_headers_match: { headers: [{ name: ':status', string_match: { exact: '404' } }] } }, { http_response_headers_match: { headers: [{ name: 'x-a', present_match: true }] } }] } }, '404 Not Found', '', 1],
  ['both of two, of which one holds', { and_match: { rules: [{ any_match: true }, { http_response_headers_match: { headers: [{ name: 'x-a', present_match: true }] } }] } }, '500 Oops', '', 0],
])('a host is ejected for what its cluster calls a failure: %s', async (_title, error_matcher, status, more, ejections) => {
  await using host = await named('bad', status, more);
  await using proxy = await startFilterProxy({
    cluster: {
      load_assignment: { cluster_name: 'backend', endpoints: [{ lb_endpoints: [at(host.address.port)] }] },
      outlier_detection: { consecutive_5xx: 2, max_ejection_percent: 100 },
      ...options({ outlier_detection: { error_matcher } }),
    },
  });
  for (let count = 0; count < 2; count += 1) await proxy.request();
  expect(proxy.metric('envoy_cluster_outlier_detection_ejections_enforced_total')).toBe(ejections);
});

test.each([
  ['a hash policy', { hash_policy: [{}] }, /hash_policy\[0\]/],
  ['a regex', { outlier_detection: { error_matcher: { http_response_headers_match: { headers: [{ name: 'a', string_match: { safe_regex: { regex: '(' } } }] } } } }, /error_matcher\.http_response_headers_match\.headers\[0\]\.string_match\.safe_regex/],
  ['what is no response', { outlier_detection: { error_matcher: { http_request_headers_match: { headers: [] } } } }, /error_matcher\.http_request_headers_match/],
  ['one rule where two belong', { outlier_detection: { error_matcher: { or_match: { rules: [{ any_match: true }] } } } }, /or_match\.rules/],
])('what is wrong is said with its place: %s', async (_title, fields, problem) => {
  await expect(startFilterProxy({ cluster: options(fields) })).rejects.toThrow(problem);
});

test('a header may be given as bytes', async () => {
  const value = (bytes: Buffer, more: object = {}) => ({ response_headers_to_add: [{ header: { key: 'x-raw', raw_value: bytes.toString('base64'), ...more } }] });
  await using proxy = await startFilterProxy({ route: value(Buffer.from([0x61, 0xe9])) });
  const peer = await proxy.connect();
  peer.write('GET / HTTP/1.1\r\nhost: a.test\r\n\r\n');
  expect(await peer.readHead()).toContain('x-raw: a\xe9\r\n');
  await expect(startFilterProxy({ route: value(Buffer.from('a'), { value: 'b' }) })).rejects.toThrow(/header.*value and raw_value/);
  await expect(startFilterProxy({ route: value(Buffer.from('a\r\nb: c')) })).rejects.toThrow(/header\.value/);
});

test('where a cluster asks for it, connections of clients share no connection to a host', async () => {
  const seen: number[] = [];
  await using host = await startRawUpstream(async (peer, index) => {
    for (;;) {
      await peer.readHead();
      seen.push(index);
      peer.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
    }
  });
  const load_assignment = { cluster_name: 'backend', endpoints: [{ lb_endpoints: [at(host.address.port)] }] };
  const serve = async (connection_pool_per_downstream_connection: boolean): Promise<readonly number[]> => {
    seen.length = 0;
    await using proxy = await startFilterProxy({ cluster: { load_assignment, connection_pool_per_downstream_connection } });
    const [first, second] = [await proxy.connect(), await proxy.connect()];
    for (const client of [first, second, first, second]) {
      client.write('GET / HTTP/1.1\r\nhost: a.test\r\n\r\n');
      await client.readHead();
    }
    return [...seen];
  };
  const [one, two, three, four] = await serve(true);
  expect([one === three, two === four, one === two]).toEqual([true, true, false]);
  expect(new Set(await serve(false)).size).toBe(1);
});
