/** gRPC by @grpc/grpc-js through the proxy: HTTP/2 on both sides, every kind of call, every way to end one. */
import { Buffer } from 'node:buffer';
import {
  Client,
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  status,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  type ServiceError,
} from '@grpc/grpc-js';
import { createTestConfig, startTestProxy, type TestConfig } from '@sluice/proxy/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const asIs = (bytes: Buffer) => bytes;
const wire = { requestSerialize: asIs, requestDeserialize: asIs, responseSerialize: asIs, responseDeserialize: asIs };
const path = (name: string) => `/test.Echo/${name}`;

/** Calls that the server saw cancelled. */
let cancelled = 0;

const service = {
  unary: { path: path('unary'), requestStream: false, responseStream: false, ...wire },
  download: { path: path('download'), requestStream: false, responseStream: true, ...wire },
  upload: { path: path('upload'), requestStream: true, responseStream: false, ...wire },
  both: { path: path('both'), requestStream: true, responseStream: true, ...wire },
  refuse: { path: path('refuse'), requestStream: false, responseStream: false, ...wire },
  never: { path: path('never'), requestStream: false, responseStream: false, ...wire },
} as const;

const implementation = {
  unary(call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>) {
    const trailers = new Metadata();
    trailers.set('x-after', String(call.metadata.get('x-before')[0]));
    answer(null, call.request, trailers);
  },
  download(call: ServerWritableStream<Buffer, Buffer>) {
    for (let number = 0; number < 100; number += 1) call.write(Buffer.from(`${call.request.toString()} ${number}`));
    call.end();
  },
  upload(call: ServerReadableStream<Buffer, Buffer>, answer: sendUnaryData<Buffer>) {
    let bytes = 0;
    call.on('data', (piece: Buffer) => (bytes += piece.length));
    call.on('end', () => answer(null, Buffer.from(String(bytes))));
  },
  both(call: ServerDuplexStream<Buffer, Buffer>) {
    call.on('data', (piece: Buffer) => call.write(piece));
    call.on('end', () => call.end());
  },
  refuse(_call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>) {
    answer({ code: status.FAILED_PRECONDITION, details: 'not today: 100 % no' });
  },
  never(call: ServerUnaryCall<Buffer, Buffer>) {
    call.on('cancelled', () => (cancelled += 1));
  },
};

const limits = { 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 };
const server = new Server(limits);
let port = 0;

beforeAll(async () => {
  server.addService(service, implementation);
  port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound)));
  });
});

afterAll(() => server.forceShutdown());

async function start(changes: Partial<TestConfig> = {}) {
  const proxy = await startTestProxy(createTestConfig({ upstreams: [{ host: '127.0.0.1', port }], protocol: 'h2', route: { timeoutMs: 0 }, ...changes }));
  const client = new Client(`127.0.0.1:${proxy.address.port}`, credentials.createInsecure(), limits);
  return {
    proxy,
    client,
    async [Symbol.asyncDispose]() {
      client.close();
      await proxy[Symbol.asyncDispose]();
    },
  };
}

function ask(client: Client, name: string, message: Buffer, options: { metadata?: Metadata; deadline?: number } = {}) {
  const { promise, resolve } = Promise.withResolvers<{ error: ServiceError | null; value: Buffer | undefined; trailers: Metadata }>();
  let answered: { error: ServiceError | null; value: Buffer | undefined } | undefined;
  const call = client.makeUnaryRequest(path(name), asIs, asIs, message, options.metadata ?? new Metadata(), { ...(options.deadline !== undefined && { deadline: options.deadline }) }, (error, value) => (answered = { error, value }));
  call.on('status', ({ metadata }) => setImmediate(() => resolve({ error: null, value: undefined, ...answered, trailers: metadata })));
  return { call, done: promise };
}

async function collect(stream: AsyncIterable<Buffer>): Promise<string[]> {
  const pieces: string[] = [];
  for await (const piece of stream) pieces.push(piece.toString());
  return pieces;
}

describe('calls', () => {
  test('unary, with metadata both ways', async () => {
    await using it = await start();
    const metadata = new Metadata();
    metadata.set('x-before', 'carried');
    const { value, trailers } = await ask(it.client, 'unary', Buffer.from('hello'), { metadata }).done;
    expect(value?.toString()).toBe('hello');
    expect(trailers.get('x-after')).toEqual(['carried']);
  });

  test('a thousand at once on one connection', async () => {
    await using it = await start();
    const numbers = Array.from({ length: 1000 }, (_, number) => String(number));
    const answers = await Promise.all(numbers.map((number) => ask(it.client, 'unary', Buffer.from(number)).done));
    expect(answers.map(({ value }) => value?.toString())).toEqual(numbers);
    expect(it.proxy.metric('envoy_cluster_upstream_cx_total')).toBe(1);
  });

  test('messages of 4 MB', async () => {
    await using it = await start();
    const message = Buffer.alloc(4_000_000, 'abcdefg');
    const { value } = await ask(it.client, 'unary', message).done;
    expect(value?.equals(message)).toBe(true);
  });

  test('server streaming', async () => {
    await using it = await start();
    const pieces = await collect(it.client.makeServerStreamRequest(path('download'), asIs, asIs, Buffer.from('piece')));
    expect(pieces).toHaveLength(100);
    expect(pieces[99]).toBe('piece 99');
  });

  test('client streaming', async () => {
    await using it = await start();
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const call = it.client.makeClientStreamRequest<Buffer, Buffer>(path('upload'), asIs, asIs, (error, value) => (error ? reject(error) : resolve(String(value))));
    for (let number = 0; number < 50; number += 1) call.write(Buffer.alloc(100_000));
    call.end();
    expect(await promise).toBe('5000000');
  });

  test('bidirectional streaming, turn by turn', async () => {
    await using it = await start();
    const call = it.client.makeBidiStreamRequest<Buffer, Buffer>(path('both'), asIs, asIs);
    const answers = call[Symbol.asyncIterator]();
    for (let number = 0; number < 20; number += 1) {
      call.write(Buffer.from(`turn ${number}`));
      const { value } = (await answers.next()) as { value: Buffer };
      expect(value.toString()).toBe(`turn ${number}`);
    }
    call.end();
    expect((await answers.next()).done).toBe(true);
    expect(it.proxy.proxy.activeStreams).toBe(0);
  });
});

describe('ends', () => {
  test('an error of the server, trailers only', async () => {
    await using it = await start();
    const { error } = await ask(it.client, 'refuse', Buffer.alloc(0)).done;
    expect(error).toMatchObject({ code: status.FAILED_PRECONDITION, details: 'not today: 100 % no' });
  });

  test('a method that there is not', async () => {
    await using it = await start();
    expect((await ask(it.client, 'nothing', Buffer.alloc(0)).done).error?.code).toBe(status.UNIMPLEMENTED);
  });

  test('a deadline: the server hears of it', async () => {
    await using it = await start();
    const before = cancelled;
    const { error } = await ask(it.client, 'never', Buffer.alloc(0), { deadline: Date.now() + 60 }).done;
    expect(error?.code).toBe(status.DEADLINE_EXCEEDED);
    await expect.poll(() => cancelled).toBe(before + 1);
    await expect.poll(() => it.proxy.proxy.activeStreams).toBe(0);
  });

  test('a cancellation: the server hears of it', async () => {
    await using it = await start();
    const before = cancelled;
    const { call, done } = ask(it.client, 'never', Buffer.alloc(0));
    await expect.poll(() => it.proxy.metric('envoy_cluster_upstream_rq_active')).toBe(1);
    call.cancel();
    expect((await done).error?.code).toBe(status.CANCELLED);
    await expect.poll(() => cancelled).toBe(before + 1);
    await expect.poll(() => it.proxy.metric('envoy_cluster_upstream_rq_active')).toBe(0);
  });

  test.each([
    ['no route', { routes: { name: 'none', match: () => undefined } }, status.UNIMPLEMENTED],
    ['no cluster', { route: { clusterName: 'missing' } }, status.UNAVAILABLE],
    ['an upstream that is not there', { upstreams: [{ host: '127.0.0.1', port: 1 }] }, status.UNAVAILABLE],
  ] satisfies [string, Partial<TestConfig>, number][])('%s: the proxy answers in gRPC', async (_what, changes, code) => {
    await using it = await start(changes);
    expect((await ask(it.client, 'unary', Buffer.alloc(0)).done).error?.code).toBe(code);
  });

  test('a route\'s timeout: the proxy answers in gRPC', async () => {
    await using it = await start({ route: { timeoutMs: 50 } });
    expect((await ask(it.client, 'never', Buffer.alloc(0)).done).error?.code).toBe(status.UNAVAILABLE);
  });

  test('a drain lets calls finish and new ones go elsewhere', async () => {
    await using it = await start();
    const call = it.client.makeBidiStreamRequest<Buffer, Buffer>(path('both'), asIs, asIs);
    const answers = call[Symbol.asyncIterator]();
    call.write(Buffer.from('one'));
    await answers.next();
    const drained = it.proxy.proxy.drain({ deadlineMs: 5000 });
    call.write(Buffer.from('two'));
    expect(String(((await answers.next()) as { value: Buffer }).value)).toBe('two');
    call.end();
    expect((await answers.next()).done).toBe(true);
    await drained;
    expect(it.proxy.proxy.activeConnections).toBe(0);
  });
});
