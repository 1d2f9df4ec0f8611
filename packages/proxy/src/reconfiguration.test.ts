/** Configuration that changes under load, and the end of a proxy: nothing that was begun is lost. */
import { describe, expect, test } from 'vitest';
import type { HttpFilter } from './filters/filter.ts';
import { RouterFilter } from './filters/router/router-filter.ts';
import { createTestConfig, startRawUpstream, startTestProxy, type RawPeer } from './testing/index.ts';

const get = 'GET / HTTP/1.1\r\nhost: a.test\r\n\r\n';
const ok = (body: string) => `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const answer = (body: string) => async (peer: RawPeer) => {
  for (;;) {
    await peer.readHead();
    peer.write(ok(body));
  }
};

describe('a new configuration', () => {
  test('serves the next request, also on an open connection, while the one under way ends on the old', async () => {
    let release: () => void = () => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    await using old = await startRawUpstream(async (peer) => {
      await peer.readHead();
      await released;
      peer.write(ok('old'));
    });
    await using fresh = await startRawUpstream(answer('new'));
    await using proxy = await startTestProxy(createTestConfig({ upstreams: [old.address] }));
    const client = await proxy.connect();
    client.write(get);
    while (old.peers.length === 0) await pause(2);
    await proxy.proxy.apply(createTestConfig({ version: '2', listen: { host: '127.0.0.1', port: 0 }, upstreams: [fresh.address] }));
    release();
    await client.readUntil('old');
    client.write(get);
    await client.readUntil('new');
    await old.peers[0]?.readToEnd();
    expect(proxy.proxy.config?.version).toBe('2');
  });

  test('keeps the connections of hosts that stay', async () => {
    await using upstream = await startRawUpstream(answer('same.'));
    await using other = await startRawUpstream(answer('other'));
    await using proxy = await startTestProxy(createTestConfig({ upstreams: [upstream.address] }));
    const client = await proxy.connect();
    client.write(get);
    await client.readUntil('same.');
    await proxy.proxy.apply(createTestConfig({ version: '2', upstreams: [upstream.address, other.address] }));
    const bodies: string[] = [];
    for (let count = 0; count < 4; count += 1) {
      client.write(get);
      await client.readHead();
      // Both bodies, `same.` and `other`, are five bytes long.
      bodies.push((await client.readBytes(5)).toString());
    }
    expect(bodies.sort()).toEqual(['other', 'other', 'same.', 'same.']);
    expect(upstream.peers).toHaveLength(1);
  });

  test('brings back a host that still had a request: its new connections are kept, too', async () => {
    let release: () => void = () => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    await using upstream = await startRawUpstream(async (peer, index) => {
      if (index > 0) return answer('again')(peer);
      await peer.readHead();
      await released;
      peer.write(ok('first'));
    });
    const upstreams = [upstream.address];
    await using proxy = await startTestProxy(createTestConfig({ upstreams }));
    const [patient, client] = [await proxy.connect(), await proxy.connect()];
    patient.write(get);
    while (upstream.peers.length === 0) await pause(2);
    await proxy.proxy.apply(createTestConfig({ version: '2', upstreams: [] }));
    await proxy.proxy.apply(createTestConfig({ version: '3', upstreams }));
    client.write(get);
    await client.readUntil('again');
    release();
    await patient.readUntil('first');
    await upstream.peers[0]?.readToEnd();
    client.write(get);
    await client.readUntil('again');
    expect(upstream.peers).toHaveLength(2);
  });

  test('brings the endpoints that requests have waited for', async () => {
    await using upstream = await startRawUpstream(answer('found'));
    await using proxy = await startTestProxy(createTestConfig({ upstreams: [], cluster: { assignment: undefined, assignmentVersion: '' } }));
    const [patient, hasty] = [await proxy.connect(), await proxy.connect()];
    patient.write(get);
    hasty.write(get);
    while (proxy.metric('envoy_cluster_upstream_rq_pending_active') < 2) await pause(2);
    hasty.reset();
    while (proxy.proxy.activeStreams > 1) await pause(2);
    expect(proxy.metric('envoy_cluster_upstream_rq_pending_active')).toBe(1);
    await proxy.proxy.apply(createTestConfig({ version: '2', upstreams: [upstream.address] }));
    await patient.readUntil('found');
    expect(proxy.metric('envoy_cluster_upstream_rq_pending_active')).toBe(0);
  });

  test('that cannot be bound changes nothing', async () => {
    await using upstream = await startRawUpstream(answer('still here'));
    await using proxy = await startTestProxy(createTestConfig({ upstreams: [upstream.address] }));
    const problems = await proxy.proxy.apply(createTestConfig({ version: '2', listen: upstream.address, upstreams: [] }));
    expect(problems).toMatchObject([{ path: 'listeners[main].address', message: expect.stringContaining('EADDRINUSE') }]);
    expect(proxy.proxy.config?.version).toBe('1');
    const client = await proxy.connect();
    client.write(get);
    await client.readUntil('still here');
  });

  test('each 5 ms for a while loses no request', async () => {
    await using one = await startRawUpstream(answer('fine'));
    await using two = await startRawUpstream(answer('fine'));
    await using proxy = await startTestProxy(createTestConfig({ upstreams: [one.address] }));
    const churning = new AbortController();
    const churn = (async () => {
      for (let version = 2; !churning.signal.aborted; version += 1) {
        const upstreams = version % 3 === 0 ? [one.address] : version % 3 === 1 ? [two.address] : [one.address, two.address];
        await proxy.proxy.apply(createTestConfig({ version: String(version), upstreams, cluster: { version: `cluster-${version % 5}` } }));
        await pause(5);
      }
    })();
    const workers = Array.from({ length: 8 }, async () => {
      const client = await proxy.connect();
      for (let count = 0; count < 150; count += 1) {
        client.write(get);
        expect(await client.readUntil('fine')).toMatch(/^HTTP\/1.1 200/);
      }
    });
    await Promise.all(workers);
    churning.abort();
    await churn;
    expect(proxy.metric('envoy_http_downstream_rq_xx', { envoy_response_code_class: '2' })).toBe(8 * 150);
    expect(proxy.proxy.activeStreams).toBe(0);
  });
});

describe('draining', () => {
  test('fails readiness, finishes what is under way with connection: close, and closes idle connections', async () => {
    let release: () => void = () => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    await using upstream = await startRawUpstream(async (peer) => {
      await peer.readHead();
      await released;
      peer.write(ok('last'));
    });
    await using proxy = await startTestProxy(createTestConfig({ upstreams: [upstream.address] }));
    const [busy, idle] = [await proxy.connect(), await proxy.connect()];
    busy.write(get);
    while (upstream.peers.length === 0) await pause(2);
    expect(proxy.proxy.ready).toBe(true);
    const drained = proxy.proxy.drain({ deadlineMs: 5_000 });
    expect(proxy.proxy.ready).toBe(false);
    expect((await idle.readToEnd()).length).toBe(0);
    release();
    expect((await busy.readToEnd()).toString()).toMatch(/connection: close\r\n\r\nlast$/);
    busy.end();
    idle.end();
    await drained;
    expect(proxy.proxy.state).toBe('closed');
  });

  test('cuts what is still under way at the deadline', async () => {
    await using upstream = await startRawUpstream(async (peer) => void (await peer.readHead()));
    await using proxy = await startTestProxy(createTestConfig({ upstreams: [upstream.address] }));
    const client = await proxy.connect();
    client.write(get);
    while (upstream.peers.length === 0) await pause(2);
    const begun = performance.now();
    await proxy.proxy.drain({ deadlineMs: 50 });
    expect(performance.now() - begun).toBeLessThan(2_000);
    expect((await client.readToEnd()).toString()).toMatch(/^HTTP\/1.1 503/);
    expect(proxy.proxy.activeStreams).toBe(0);
  });
});

describe('filters', () => {
  const router = new RouterFilter({ suppressEnvoyHeaders: true });

  test('see requests in order, responses in reverse, and each stream end exactly once', async () => {
    const seen: string[] = [];
    const observer = (name: string): HttpFilter => ({
      name,
      onRequest: () => (seen.push(`${name} request`), 'continue'),
      onResponse: () => void seen.push(`${name} response`),
      onEnd: (_stream, outcome) => void seen.push(`${name} end ${outcome.code}`),
    });
    await using upstream = await startRawUpstream(answer('served'));
    await using proxy = await startTestProxy(createTestConfig({ upstreams: [upstream.address], manager: { filters: [observer('a'), observer('b'), router] } }));
    const client = await proxy.connect();
    client.write(get);
    await client.readUntil('served');
    expect(seen).toEqual(['a request', 'b request', 'b response', 'a response', 'b end completed', 'a end completed']);
  });

  test('may wait: the body waits with them, and the end comes even when the client leaves meanwhile', async () => {
    const waiting: (() => void)[] = [];
    const ends: string[] = [];
    const gate: HttpFilter = {
      name: 'gate',
      onRequest: (stream) => (waiting.push(() => stream.continueRequest()), 'wait'),
      onEnd: (_stream, outcome) => void ends.push(outcome.code),
    };
    let body = '';
    await using upstream = await startRawUpstream(async (peer) => {
      await peer.readHead();
      body = (await peer.readBytes(200_000)).toString();
      peer.write(ok('done'));
    });
    await using proxy = await startTestProxy(createTestConfig({ upstreams: [upstream.address], manager: { filters: [gate, router] } }));
    const patient = await proxy.connect();
    patient.write(`POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 200000\r\n\r\n${'x'.repeat(200_000)}`);
    const hasty = await proxy.connect();
    hasty.write(get);
    while (waiting.length < 2) await pause(2);
    hasty.reset();
    while (ends.length === 0) await pause(2);
    expect(ends).toEqual(['downstream-closed']);
    for (const go of waiting) go();
    await patient.readUntil('done');
    expect(body).toBe('x'.repeat(200_000));
    expect(ends).toEqual(['downstream-closed', 'completed']);
  });

  test('may answer themselves, at once or after a wait', async () => {
    const reply: HttpFilter = {
      name: 'reply',
      onRequest(stream) {
        if (stream.request.path === '/later') {
          setTimeout(() => stream.reply({ status: 429, body: 'slow down', details: 'too_many' }), 10);
          return 'wait';
        }
        stream.reply({ status: 418, body: 'teapot', details: 'teapot', headers: { 'X-Kind': 'pot' } });
        return 'replied';
      },
    };
    await using proxy = await startTestProxy(createTestConfig({ upstreams: [], manager: { filters: [reply, router] } }));
    const client = await proxy.connect();
    client.write(get);
    expect(await client.readUntil('teapot')).toMatch(/^HTTP\/1.1 418 .*x-kind: pot/s);
    client.write('GET /later HTTP/1.1\r\nhost: a\r\n\r\n');
    expect(await client.readUntil('slow down')).toMatch(/^HTTP\/1.1 429/);
  });

  test('that throw cost one stream, not the process', async () => {
    const faulty: HttpFilter = { name: 'faulty', onRequest: () => { throw new Error('a mistake'); } };
    await using proxy = await startTestProxy(createTestConfig({ upstreams: [], manager: { filters: [faulty, router] } }));
    const client = await proxy.connect();
    client.write(get);
    await client.readToEnd();
    expect(proxy.metric('envoy_http_internal_error')).toBe(1);
    expect(proxy.proxy.activeStreams).toBe(0);
  });
});
