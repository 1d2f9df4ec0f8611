/** Further tries, as routes, virtual hosts and requests ask for them: what the client gets, and what upstreams are sent. */
import { Buffer } from 'node:buffer';
import { constants } from 'node:http2';
import { describe, expect, test } from 'vitest';
import { answerWith, createAnsweringUpstream, openTestClient, resets, saysNothing, startFilterProxy, startTestUpstream, type FilterFixtureOptions, type UpstreamAnswer } from './testing/index.ts';

type Json = Readonly<Record<string, unknown>>;

const backOff = { base_interval: '0.001s', max_interval: '0.002s' };

/** A proxy whose only route has this policy, before an upstream that gives these answers. */
async function start(policy: Json, answers: readonly UpstreamAnswer[], options: Partial<FilterFixtureOptions> = {}) {
  const upstream = createAnsweringUpstream(answers);
  const retryPolicy = { retry_back_off: backOff, ...policy };
  const proxy = await startFilterProxy({ filters: [], route: { route: { cluster: 'backend', retry_policy: retryPolicy } }, upstream: upstream.script, ...options });
  return { upstream, proxy, [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose]() };
}

/** Lets clients on this machine say what only internal clients may. */
const trusting = { use_remote_address: true, internal_address_config: { cidr_ranges: [{ address_prefix: '127.0.0.0', prefix_len: 8 }] } };

const fine = answerWith(200, 'fine');
const grpc = (status: number) => answerWith(200, '', { 'content-type': 'application/grpc', 'grpc-status': String(status) });

describe('a policy tries again', () => {
  test.each<[on: string, answer: UpstreamAnswer, policy?: Json]>([
    ['5xx', answerWith(500)],
    ['5xx', resets],
    ['gateway-error', answerWith(502)],
    ['gateway-error', answerWith(504)],
    ['gateway-error', resets],
    ['reset', resets],
    ['reset', 'HTTP/1.1 000 nonsense\r\n\r\n'],
    ['retriable-4xx', answerWith(409)],
    ['retriable-status-codes', answerWith(418), { retriable_status_codes: [418] }],
    ['retriable-headers', answerWith(200, 'x', { 'x-again': 'yes' }), { retriable_headers: [{ name: 'x-again', string_match: { exact: 'yes' } }] }],
    ['retriable-headers', answerWith(404), { retriable_headers: [{ name: ':status', string_match: { exact: '404' } }] }],
    ['envoy-ratelimited', answerWith(429, '', { 'x-envoy-ratelimited': 'true' })],
    ['cancelled', grpc(1)],
    ['deadline-exceeded', grpc(4)],
    ['resource-exhausted', grpc(8)],
    ['internal', grpc(13)],
    ['unavailable', grpc(14)],
    ['reset,5xx', answerWith(503)],
  ])('on %s', async (retry_on, answer, policy = {}) => {
    await using world = await start({ retry_on, ...policy }, [answer, fine]);
    const response = await world.proxy.request();
    expect([response.status, response.body.toString()]).toEqual([200, 'fine']);
    expect(world.upstream.heads).toHaveLength(2);
    expect(world.proxy.metric('envoy_cluster_upstream_rq_retry')).toBe(1);
    expect(world.proxy.metric('envoy_cluster_upstream_rq_retry_success')).toBe(1);
    expect(await world.proxy.nextLog()).toBe('200 - via_upstream');
  });
});

describe('a policy does not try again', () => {
  test.each<[on: string, answer: UpstreamAnswer, status: number, policy?: Json]>([
    ['5xx', answerWith(404), 404],
    ['gateway-error', answerWith(500), 500],
    ['connect-failure', resets, 503],
    ['refused-stream', resets, 503],
    ['reset-before-request', resets, 503],
    ['reset', answerWith(503), 503],
    ['retriable-4xx', answerWith(408), 408],
    ['retriable-status-codes', answerWith(503), 503, { retriable_status_codes: [418] }],
    ['retriable-headers', answerWith(503, '', { 'x-again': 'no' }), 503, { retriable_headers: [{ name: 'x-again', string_match: { exact: 'yes' } }] }],
    ['5xx', answerWith(503, '', { 'x-envoy-ratelimited': 'true' }), 503],
    ['unavailable', grpc(13), 200],
    ['5xx', answerWith(503), 503, { retriable_request_headers: [{ name: 'x-retriable', present_match: true }] }],
    ['5xx', answerWith(503), 503, { num_retries: 0 }],
  ])('on %s', async (retry_on, answer, status, policy = {}) => {
    await using world = await start({ retry_on, ...policy }, [answer, fine]);
    expect((await world.proxy.request()).status).toBe(status);
    expect(world.upstream.heads).toHaveLength(1);
    expect(world.proxy.metric('envoy_cluster_upstream_rq_retry')).toBe(0);
  });
});

describe('tries', () => {
  test('end with their number: the last answer is the client\'s, and the log says so', async () => {
    await using world = await start({ retry_on: '5xx', num_retries: 2 }, [answerWith(503, 'one'), answerWith(500, 'two'), answerWith(502, 'three')]);
    const response = await world.proxy.request();
    expect([response.status, response.body.toString()]).toEqual([502, 'three']);
    expect(await world.proxy.nextLog()).toBe('502 URX via_upstream');
    expect(world.proxy.metric('envoy_cluster_upstream_rq_retry')).toBe(2);
    expect(world.proxy.metric('envoy_cluster_upstream_rq_retry_success')).toBe(0);
    expect(world.proxy.metric('envoy_cluster_upstream_rq_retry_limit_exceeded')).toBe(1);
    expect(world.proxy.metric('envoy_cluster_upstream_rq', { envoy_response_code: '502' })).toBe(1);
    expect(world.proxy.metric('envoy_cluster_upstream_rq', { envoy_response_code: '503' })).toBe(0);
    expect(world.proxy.metric('envoy_cluster_retry_upstream_rq', { envoy_response_code: '503' })).toBe(1);
  });

  test('that all failed say how the last one did, and that there were no more', async () => {
    await using world = await start({ retry_on: 'reset' }, [resets]);
    expect((await world.proxy.request()).status).toBe(503);
    expect(await world.proxy.nextLog()).toBe('503 UC,URX upstream_reset_before_response_started{connection_termination}');
    expect(world.upstream.heads).toHaveLength(2);
  });

  test('bring the body again, whole', async () => {
    await using world = await start({ retry_on: '5xx' }, [answerWith(503), fine]);
    const body = 'x'.repeat(100_000);
    expect((await world.proxy.request({ method: 'POST', body })).status).toBe(200);
    expect(world.upstream.bodies.map((received) => received === body)).toEqual([true, true]);
  });

  test('are not made for a body that is too long to be kept, which still goes through', async () => {
    await using world = await start({ retry_on: '5xx' }, [answerWith(503), fine], { virtualHost: { request_body_buffer_limit: 10 } });
    expect((await world.proxy.request({ method: 'POST', body: 'x'.repeat(11) })).status).toBe(503);
    expect(world.upstream.bodies).toEqual(['x'.repeat(11)]);
    expect(world.proxy.metric('envoy_cluster_retry_or_shadow_abandoned')).toBe(1);
  });

  test('go on while the client is still sending', async () => {
    await using world = await start({ retry_on: 'reset' }, [fine], {
      upstream: async (peer) => {
        const head = await peer.readHead();
        if (/x-envoy-attempt-count: 1/.test(head)) return peer.reset();
        const body = await peer.readBytes(6);
        peer.write(answerWith(200, body.toString()));
      },
      virtualHost: { include_request_attempt_count: true },
    });
    const client = await world.proxy.connect();
    client.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 6\r\n\r\nabc');
    while (world.proxy.metric('envoy_cluster_upstream_rq_retry') === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    client.write('def');
    expect(await client.readUntil('abcdef')).toMatch(/^HTTP\/1.1 200/);
  });

  test('are never made once an answer has begun', async () => {
    await using world = await start({ retry_on: '5xx,reset' }, ['HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf'], {
      upstream: async (peer) => {
        await peer.readHead();
        peer.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf');
        peer.end();
      },
    });
    const client = await world.proxy.connect();
    client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    expect((await client.readToEnd()).toString()).toMatch(/half$/);
    expect(world.proxy.metric('envoy_cluster_upstream_rq_retry')).toBe(0);
  });

  test('are counted for upstreams and for the client where they want to know', async () => {
    const virtualHost = { include_request_attempt_count: true, include_attempt_count_in_response: true };
    await using world = await start({ retry_on: '5xx', num_retries: 2 }, [answerWith(503), answerWith(503), fine], { virtualHost });
    expect((await world.proxy.request()).headers['x-envoy-attempt-count']).toBe('3');
    expect(world.upstream.heads.map((head) => /x-envoy-attempt-count: (\d)/.exec(head)?.[1])).toEqual(['1', '2', '3']);
  });

  test('are not made beyond what the circuit breaker allows: UO', async () => {
    const cluster = { circuit_breakers: { thresholds: [{ max_retries: 0 }] } };
    await using world = await start({ retry_on: '5xx' }, [answerWith(503), fine], { cluster });
    expect((await world.proxy.request()).status).toBe(503);
    expect(await world.proxy.nextLog()).toBe('503 UO via_upstream');
    expect(world.proxy.metric('envoy_cluster_upstream_rq_retry_overflow')).toBe(1);
    expect(world.proxy.metric('envoy_cluster_circuit_breakers_default_rq_retry_open')).toBe(1);
  });

  test('have a budget in place of a number', async () => {
    const cluster = { circuit_breakers: { thresholds: [{ max_retries: 0, retry_budget: { min_retry_concurrency: 1 } }] } };
    await using world = await start({ retry_on: '5xx' }, [answerWith(503), fine], { cluster });
    expect((await world.proxy.request()).status).toBe(200);
  });

  test('end with the timeout of the whole, which is never tried again', async () => {
    await using world = await start({}, [saysNothing], {
      route: { route: { cluster: 'backend', timeout: '0.1s', retry_policy: { retry_on: '5xx', num_retries: 5 } } },
    });
    expect((await world.proxy.request()).status).toBe(504);
    expect(await world.proxy.nextLog()).toBe('504 UT upstream_response_timeout');
    expect(world.upstream.heads).toHaveLength(1);
    expect(world.proxy.metric('envoy_cluster_upstream_rq_timeout')).toBe(1);
    expect(world.proxy.metric('envoy_cluster_upstream_rq_tx_reset')).toBe(1);
  });
});

describe('the time of one try', () => {
  test('ends it, and the next begins', async () => {
    const virtualHost = { include_request_attempt_count: true, include_is_timeout_retry_header: true };
    // Enough for the second one, also on a busy machine.
    await using world = await start({ retry_on: '5xx', per_try_timeout: '0.5s' }, [saysNothing, fine], { virtualHost });
    expect((await world.proxy.request()).status).toBe(200);
    expect(world.proxy.metric('envoy_cluster_upstream_rq_per_try_timeout')).toBe(1);
    expect(world.upstream.heads.map((head) => /x-envoy-is-timeout-retry: (\w+)/.exec(head)?.[1])).toEqual([undefined, 'true']);
  });

  test('ends the last one: 504 by its name', async () => {
    await using world = await start({ retry_on: 'reset', per_try_timeout: '0.05s' }, [saysNothing]);
    expect((await world.proxy.request()).status).toBe(504);
    expect(await world.proxy.nextLog()).toBe('504 UT,URX upstream_per_try_timeout');
  });

  test('counts without anything to try again for', async () => {
    await using world = await start({ per_try_timeout: '0.05s' }, [saysNothing]);
    expect((await world.proxy.request()).status).toBe(504);
    expect(await world.proxy.nextLog()).toBe('504 UT upstream_per_try_timeout');
  });

  test('does not count when the whole has no more', async () => {
    await using world = await start({}, [saysNothing], {
      route: { route: { cluster: 'backend', timeout: '0.06s', retry_policy: { retry_on: '5xx', per_try_timeout: '0.06s' } } },
    });
    await world.proxy.request();
    expect(await world.proxy.nextLog()).toBe('504 UT upstream_response_timeout');
  });

  test('may be measured in silence, also in the middle of an answer', async () => {
    await using world = await start({ per_try_idle_timeout: '0.05s' }, ['HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf']);
    const client = await world.proxy.connect();
    client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    expect((await client.readToEnd()).toString()).toMatch(/half$/);
    expect(world.proxy.metric('envoy_cluster_upstream_rq_per_try_idle_timeout')).toBe(1);
    expect(await world.proxy.nextLog()).toMatch(/^200 UT /);
  });
});

describe('a virtual host', () => {
  test('has a policy for routes that have none', async () => {
    await using world = await start({}, [answerWith(503), fine], { route: {}, virtualHost: { retry_policy: { retry_on: '5xx', retry_back_off: backOff } } });
    expect((await world.proxy.request()).status).toBe(200);
  });

  test('has no say where the route has one', async () => {
    await using world = await start({ retry_on: 'reset' }, [answerWith(503), fine], { virtualHost: { retry_policy: { retry_on: '5xx' } } });
    expect((await world.proxy.request()).status).toBe(503);
  });
});

describe('a request may ask by itself', () => {
  const plain = { route: {}, manager: trusting };

  test.each<[what: string, headers: Readonly<Record<string, string>>, answers: readonly UpstreamAnswer[], tries: number]>([
    ['for another try', { 'x-envoy-retry-on': '5xx' }, [answerWith(503), fine], 2],
    ['for another try of gRPC', { 'x-envoy-retry-grpc-on': 'unavailable' }, [grpc(14), fine], 2],
    ['for several', { 'x-envoy-retry-on': '5xx', 'x-envoy-max-retries': '3' }, [answerWith(503), answerWith(503), answerWith(503), fine], 4],
    ['for statuses', { 'x-envoy-retry-on': 'retriable-status-codes', 'x-envoy-retriable-status-codes': '404, 418' }, [answerWith(418), fine], 2],
    ['for headers', { 'x-envoy-retry-on': 'retriable-headers', 'x-envoy-retriable-header-names': 'x-again' }, [answerWith(404, '', { 'x-again': '1' }), fine], 2],
    ['for a time of each try', { 'x-envoy-retry-on': '5xx', 'x-envoy-upstream-rq-per-try-timeout-ms': '50' }, [saysNothing, fine], 2],
  ])('%s', async (_what, headers, answers, tries) => {
    await using world = await start({}, answers, plain);
    expect((await world.proxy.request({ headers })).body.toString()).toBe('fine');
    expect(world.upstream.heads).toHaveLength(tries);
    for (const head of world.upstream.heads) expect(head).not.toMatch(/x-envoy-(?:retr|max|upstream)/);
  });

  test('for a time of the whole', async () => {
    await using world = await start({}, [saysNothing], plain);
    expect((await world.proxy.request({ headers: { 'x-envoy-upstream-rq-timeout-ms': '50' } })).status).toBe(504);
    expect(await world.proxy.nextLog()).toBe('504 UT upstream_response_timeout');
  });

  test('for 204 when the time is over', async () => {
    await using world = await start({}, [saysNothing], plain);
    const headers = { 'x-envoy-upstream-rq-timeout-ms': '50', 'x-envoy-upstream-rq-timeout-alt-response': '1' };
    expect((await world.proxy.request({ headers })).status).toBe(204);
    expect(await world.proxy.nextLog()).toBe('204 UT upstream_response_timeout');
  });

  test('for an end of its stream, answer and all', async () => {
    await using world = await start({}, [saysNothing], plain);
    expect((await world.proxy.request({ headers: { 'x-envoy-upstream-stream-duration-ms': '50' } })).status).toBe(504);
    expect(await world.proxy.nextLog()).toBe('504 UMSDR upstream_max_stream_duration_reached');
    expect(world.proxy.metric('envoy_cluster_upstream_rq_max_duration_reached')).toBe(1);
  });

  test('for fewer tries than its route would make', async () => {
    await using world = await start({ retry_on: '5xx', num_retries: 3 }, [answerWith(503)], { manager: trusting });
    expect((await world.proxy.request({ headers: { 'x-envoy-max-retries': '0' } })).status).toBe(503);
    expect(world.upstream.heads).toHaveLength(1);
  });

  test('only where it comes from inside', async () => {
    await using world = await start({}, [answerWith(503), fine], { route: {} });
    expect((await world.proxy.request({ headers: { 'x-envoy-retry-on': '5xx' } })).status).toBe(503);
  });

  test('badly, which a strict router refuses: 400 IH', async () => {
    await using world = await start({}, [fine], { ...plain, router: { strict_check_headers: ['x-envoy-max-retries'] } });
    const response = await world.proxy.request({ headers: { 'x-envoy-max-retries': 'many' } });
    expect([response.status, response.body.toString()]).toEqual([400, "invalid header 'x-envoy-max-retries' with value 'many'"]);
    expect(await world.proxy.nextLog()).toBe('400 IH request_headers_failed_strict_check');
    expect(world.upstream.heads).toHaveLength(0);
  });

  test('badly, which another router leaves aside', async () => {
    await using world = await start({}, [fine], plain);
    expect((await world.proxy.request({ headers: { 'x-envoy-max-retries': 'many' } })).status).toBe(200);
  });

  test('by what an Envoy before this one expects, where that is respected', async () => {
    await using world = await start({}, [saysNothing], { ...plain, router: { respect_expected_rq_timeout: true } });
    expect((await world.proxy.request({ headers: { 'x-envoy-expected-rq-timeout-ms': '50' } })).status).toBe(504);
  });
});

test('an upstream is told how long it has: what is left of the whole, or the time of the try', async () => {
  await using world = await start({}, [answerWith(503), fine], {
    route: { route: { cluster: 'backend', timeout: '10s', retry_policy: { retry_on: '5xx', per_try_timeout: '2s', retry_back_off: backOff } } },
    router: { suppress_envoy_headers: false },
  });
  await world.proxy.request();
  expect(world.upstream.heads.map((head) => /x-envoy-expected-rq-timeout-ms: (\d+)/.exec(head)?.[1])).toEqual(['2000', '2000']);
});

describe('over HTTP/2', () => {
  const policy = { retry_on: '5xx,refused-stream', retry_back_off: backOff };

  test('bodies are tried again whole, too', async () => {
    const bodies: string[] = [];
    await using upstream = await startTestUpstream('h2', (request, response) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('end', () => {
        bodies.push(Buffer.concat(pieces).toString());
        response.writeHead(bodies.length === 1 ? 503 : 200);
        response.end(`try ${bodies.length}`);
      });
    });
    await using proxy = await startFilterProxy({
      filters: [],
      services: { two: { address: upstream.address, protocol: 'h2' } },
      route: { route: { cluster: 'two', retry_policy: policy } },
    });
    using client = openTestClient('h2', proxy.address);
    const body = 'x'.repeat(200_000);
    const answer = await client.ask({ method: 'POST', body });
    expect([answer.status, answer.body.toString()]).toEqual([200, 'try 2']);
    expect(bodies.map((received) => received === body)).toEqual([true, true]);
  });

  test('a stream that the host refuses again and again is tried as often as the policy says', async () => {
    let refused = 0;
    await using upstream = await startTestUpstream('h2', (request, response) => {
      refused += 1;
      if (refused <= 3) request.stream?.close(constants.NGHTTP2_REFUSED_STREAM);
      else response.end('at last');
    });
    await using proxy = await startFilterProxy({
      filters: [],
      services: { two: { address: upstream.address, protocol: 'h2' } },
      route: { route: { cluster: 'two', retry_policy: { ...policy, retry_on: 'refused-stream', num_retries: 3 } } },
    });
    expect((await proxy.request()).body.toString()).toBe('at last');
  });
});

test('connections count how they ended', async () => {
  await using world = await start({ retry_on: 'reset' }, [resets, fine]);
  await world.proxy.request();
  while (world.proxy.metric('envoy_cluster_upstream_cx_destroy') === 0) await new Promise((resolve) => setTimeout(resolve, 2));
  expect(world.proxy.metric('envoy_cluster_upstream_cx_destroy_remote')).toBe(1);
  expect(world.proxy.metric('envoy_cluster_upstream_cx_destroy_local')).toBe(0);
});
