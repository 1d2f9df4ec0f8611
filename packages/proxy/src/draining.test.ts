/** How a proxy leaves: what its clients see, over real sockets. */
import { describe, expect, test } from 'vitest';
import { createTestConfig, startRawUpstream, startTestProxy, type RawPeer } from './testing/index.ts';

const get = 'GET / HTTP/1.1\r\nHost: app.test\r\n\r\n';
const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** A proxy before an upstream that answers everything. */
async function start() {
  const upstream = await startRawUpstream(async (peer) => {
    for (;;) {
      await peer.readHead();
      peer.write(answer);
    }
  });
  const it = await startTestProxy(createTestConfig({ upstreams: [upstream.address] }));
  return { ...it, upstream };
}

async function ask(client: RawPeer): Promise<string> {
  client.write(get);
  const head = await client.readHead();
  await client.readBytes(2);
  return head;
}

describe('while the grace lasts', () => {
  test('new connections are served, and told to leave after their answer', async () => {
    const it = await start();
    const drained = it.proxy.drain({ graceMs: 300, deadlineMs: 5_000 });
    expect(it.proxy.ready).toBe(false);
    const client = await it.connect();
    expect(await ask(client)).toMatch(/connection: close/i);
    expect((await client.readToEnd()).length).toBe(0);
    client.end();
    await drained;
    expect(it.metric('envoy_http_downstream_cx_drain_close')).toBe(1);
    await it.upstream[Symbol.asyncDispose]();
  });

  test('the gradual strategy leaves early clients alone', async () => {
    const it = await start();
    const client = await it.connect();
    await ask(client);
    const drained = it.proxy.drain({ graceMs: 600_000, deadlineMs: 600_000, strategy: 'gradual' });
    expect(await ask(client)).not.toMatch(/connection: close/i);
    await it.proxy.close();
    void drained;
    await it.upstream[Symbol.asyncDispose]();
  });
});

describe('a connection that has just been used', () => {
  test('gets an answer to one more request before it is closed, because that may be on its way', async () => {
    const it = await start();
    const client = await it.connect();
    await ask(client);
    const drained = it.proxy.drain({ deadlineMs: 10_000 });
    expect(await ask(client)).toMatch(/connection: close/i);
    expect((await client.readToEnd()).length).toBe(0);
    client.end();
    await drained;
    await it.upstream[Symbol.asyncDispose]();
  });
});

describe('stopping to accept', () => {
  test('refuses new connections and leaves old ones as they were', async () => {
    const it = await start();
    const client = await it.connect();
    await ask(client);
    await it.proxy.stopAccepting();
    await expect(it.connect()).rejects.toThrow(/ECONNREFUSED/);
    expect(await ask(client)).not.toMatch(/connection: close/i);
    await it[Symbol.asyncDispose]();
    await it.upstream[Symbol.asyncDispose]();
  });
});

describe('failing health checks', () => {
  test('take readiness away and ask clients to leave, and give both back', async () => {
    const it = await start();
    it.proxy.failHealthChecks(true);
    expect(it.proxy.ready).toBe(false);
    const leaving = await it.connect();
    expect(await ask(leaving)).toMatch(/connection: close/i);
    it.proxy.failHealthChecks(false);
    expect(it.proxy.ready).toBe(true);
    const staying = await it.connect();
    expect(await ask(staying)).not.toMatch(/connection: close/i);
    await it[Symbol.asyncDispose]();
    await it.upstream[Symbol.asyncDispose]();
  });
});

describe('a connection that is retired within an answer', () => {
  test('keeps its promise: the request after that answer is served, and told to leave', async () => {
    let finish: () => void = () => {};
    const finished = new Promise<void>((resolve) => (finish = resolve));
    await using upstream = await startRawUpstream(async (peer) => {
      await peer.readHead();
      peer.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nha');
      await finished;
      peer.write('lf');
      await peer.readHead();
      peer.write(answer);
    });
    await using it = await startTestProxy(createTestConfig({ upstreams: [upstream.address] }));
    const client = await it.connect();
    client.write(get);
    expect(await client.readHead()).not.toMatch(/connection: close/i);
    const drained = it.proxy.drain({ deadlineMs: 10_000 });
    finish();
    expect((await client.readBytes(4)).toString()).toBe('half');
    expect(await ask(client)).toMatch(/connection: close/i);
    client.end();
    await drained;
  });
});
