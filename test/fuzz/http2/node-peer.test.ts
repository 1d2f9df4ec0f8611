/** Our machine against nghttp2, through node:http2, over streams in memory: what one end says, the other understands the same. */
import { Buffer } from 'node:buffer';
import { connect, performServerHandshake, type ClientHttp2Session, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import { setImmediate as turn } from 'node:timers/promises';
import { createSeededRandom, randomInt } from '@sluice/kernel';
import { RequestHead, ResponseHead, Trailers } from '@sluice/http';
import { Http2Machine } from '@sluice/http/testing';
import { describe, expect, test } from 'vitest';
import { MachineStream } from './machine-stream.ts';
import { mutateFrames } from './mutate-frames.ts';
import { randomFields, randomPath, type Field } from './random-message.ts';

const requests = 400;

function connectNode(machine: Http2Machine, settings = {}): { readonly session: ClientHttp2Session; readonly stream: MachineStream } {
  machine.connection.begin();
  const stream = new MachineStream(machine);
  const session = connect('http://a.test', { createConnection: () => stream, settings });
  session.on('error', () => {});
  stream.flush();
  return { session, stream };
}

async function settle(times = 20): Promise<void> {
  for (let count = 0; count < times; count += 1) await turn();
}

const withoutHost = (head: { entries(): Field[] }) => head.entries().filter(([name]) => name !== 'host');

/** By name, as Node's objects have them. */
function collected(fields: readonly Field[]): Field[] {
  return [...fields].map(([name, value]) => [name, value] as const).sort(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : x < y ? -1 : 1));
}

function pairs(raw: readonly string[]): Field[] {
  return Array.from({ length: raw.length / 2 }, (_, index) => [raw[index * 2] as string, raw[index * 2 + 1] as string] as const);
}

describe('what nghttp2 codes', () => {
  test.each([4096, 256, 0])('requests, with a table of %d bytes', async (headerTableBytesMax) => {
    const random = createSeededRandom(9113 + headerTableBytesMax);
    const machine = new Http2Machine('server', { headerTableBytesMax, concurrentStreamsMax: requests, streamWindowBytes: 1 << 20, connectionWindowBytes: 1 << 24 });
    const { session } = connectNode(machine);
    await settle();
    const sent: [string, readonly Field[], string][] = [];
    for (let count = 0; count < requests; count += 1) {
      const fields = randomFields(random);
      const path = randomPath(random);
      const body = 'b'.repeat(randomInt(random, 4) === 0 ? randomInt(random, 5000) : 0);
      const raw = [':method', body === '' ? 'GET' : 'POST', ':scheme', 'http', ':authority', 'a.test', ':path', path, ...fields.flat()];
      const stream = session.request(raw, { endStream: body === '' });
      stream.on('error', () => {});
      if (body !== '') stream.end(body);
      sent.push([path, fields, body]);
      if (count % 50 === 0) await settle(3);
    }
    await settle();
    expect(machine.broken).toBe(undefined);
    expect(machine.streams.map(({ head, body }) => [head?.path, head && withoutHost(head), body])).toEqual(sent);
    session.destroy();
  });

  test('responses and trailers', async () => {
    const random = createSeededRandom(7541);
    const machine = new Http2Machine('client', { connectionWindowBytes: 1 << 24 });
    machine.connection.begin();
    const stream = new MachineStream(machine);
    const session = performServerHandshake(stream, { settings: { maxConcurrentStreams: requests } });
    session.on('error', () => {});
    const seen: Field[][] = [];
    const answers: [number, readonly Field[], string, readonly Field[]][] = [];
    session.on('stream', (incoming: ServerHttp2Stream, _headers: unknown, _flags: number, raw: string[]) => {
      seen.push(pairs(raw));
      const fields = randomFields(random);
      const trailers: readonly Field[] = [['x-sum', String(randomInt(random, 99))]];
      const body = 'r'.repeat(randomInt(random, 40_000));
      answers.push([200, fields, body, trailers]);
      incoming.on('error', () => {});
      incoming.respond([':status', '200', ...fields.flat()] as never, { waitForTrailers: true });
      incoming.on('wantTrailers', () => incoming.sendTrailers(Object.fromEntries(trailers)));
      incoming.end(body);
    });
    const sent: Field[][] = [];
    for (let count = 0; count < 100; count += 1) {
      const head = RequestHead.of('GET', 'a.test', randomPath(random));
      const fields = randomFields(random);
      for (const [name, value] of fields) head.add(name, value);
      machine.openStream().stream.writeRequest(head, true, 'http', '');
      sent.push([[':method', 'GET'], [':authority', 'a.test'], [':scheme', 'http'], [':path', head.path], ...fields]);
      stream.flush();
      await settle(2);
    }
    await expect.poll(() => machine.streams.filter(({ isEnded }) => isEnded).length, { timeout: 10_000 }).toBe(100);
    expect(seen).toEqual(sent);
    const got = machine.streams.map(({ responses, body, trailers }) => [responses[0]?.status, collected((responses[0] ?? new ResponseHead()).entries().filter(([name]) => name !== 'date')), body.length, trailers?.entries()]);
    expect(got).toEqual(answers.map(([status, fields, body, trailers]) => [status, collected(fields), body.length, trailers]));
    session.destroy();
  });
});

describe('what we code nghttp2 reads', () => {
  test('responses with bodies and trailers, under windows that open late', async () => {
    const random = createSeededRandom(11);
    const machine = new Http2Machine('server');
    const { session, stream } = connectNode(machine, { initialWindowSize: 1000 });
    await settle();
    const expected: unknown[] = [];
    const got: unknown[] = [];
    for (let count = 0; count < 100; count += 1) {
      const asked = session.request({ ':path': `/${count}` });
      const read: { fields: Field[]; body: number; trailers: unknown } = { fields: [], body: 0, trailers: undefined };
      asked.on('response', (_head: unknown, _flags: number, raw: string[]) => (read.fields = pairs(raw)));
      asked.on('trailers', (_fields: unknown, _flags: number, raw: string[]) => (read.trailers = pairs(raw)));
      asked.on('data', (piece: Buffer) => (read.body += piece.length));
      const closed = new Promise((resolve) => asked.on('close', resolve));
      await settle(2);
      const recorded = machine.streams.at(-1);
      const fields = randomFields(random);
      const body = Buffer.alloc(randomInt(random, 9000), 'x');
      const head = ResponseHead.of(200);
      for (const [name, value] of fields) head.add(name, value);
      recorded?.stream.writeResponse(head, false);
      recorded?.stream.writeData(body, 0, body.length, true);
      recorded?.stream.writeEnd(Trailers.of({ 'x-after': String(count) }));
      stream.flush();
      await closed;
      expected.push([[[':status', '200'], ...fields], body.length, [['x-after', String(count)]]]);
      got.push([read.fields, read.body, read.trailers]);
    }
    expect(got).toEqual(expected);
    session.destroy();
  });
});

describe('mutated conversations', () => {
  test('a request that we take, nghttp2 takes too, and reads the same', async () => {
    const random = createSeededRandom(2);
    const machine = new Http2Machine('server', { concurrentStreamsMax: 1000 });
    const { session, stream } = connectNode(machine);
    await settle();
    for (let count = 0; count < 30; count += 1) session.request([':method', 'GET', ':scheme', 'http', ':authority', 'a.test', ':path', randomPath(random), ...randomFields(random).flat()]).on('error', () => {});
    await settle();
    const conversation = Buffer.concat(stream.written);
    session.destroy();
    const findings: string[] = [];
    let taken = 0;
    for (let count = 0; count < 200; count += 1) {
      const bytes = mutateFrames(conversation, random);
      const ours = new Http2Machine('server', { concurrentStreamsMax: 1000 });
      ours.connection.begin();
      ours.feed(bytes);
      const theirs = await readByNode(bytes);
      for (const { stream: { id }, head, verdict } of ours.streams) {
        if (verdict !== 'whole' || !head) continue;
        taken += 1;
        const other = theirs.get(id);
        const read = JSON.stringify([head.method, head.path, head.authority, withoutHost(head)]);
        if (other !== undefined && other !== read) findings.push(`${id}: ${read} is ${other}`);
        // Where nghttp2 has given up the connection before, it has nothing to say; where it has not, it must know the stream.
        if (other === undefined && theirs.get(0) === 'open') findings.push(`${id}: ${read} is refused`);
      }
    }
    expect(findings.slice(0, 5)).toEqual([]);
    expect(taken).toBeGreaterThan(500);
  });
});

/** Requests by their stream; 0 is `open` when the connection was not given up. */
async function readByNode(bytes: Buffer): Promise<ReadonlyMap<number, string>> {
  const stream = new MachineStream(new Http2Machine('client'));
  const session: ServerHttp2Session = performServerHandshake(stream, { settings: { maxConcurrentStreams: 1000 }, maxHeaderListPairs: 1000, maxSessionInvalidFrames: 100_000 });
  const read = new Map<number, string>([[0, 'open']]);
  session.on('error', () => read.set(0, 'broken'));
  session.on('stream', (incoming: ServerHttp2Stream, _headers: unknown, _flags: number, raw: string[]) => {
    incoming.on('error', () => {});
    const fields = pairs(raw);
    const pseudo = new Map(fields.filter(([name]) => name.startsWith(':')));
    const cookies = fields.filter(([name]) => name === 'cookie').map(([, value]) => value);
    const others = fields.filter(([name]) => !name.startsWith(':') && name !== 'host' && (cookies.length < 2 || name !== 'cookie'));
    const authority = pseudo.get(':authority') ?? fields.find(([name]) => name === 'host')?.[1];
    read.set(incoming.id ?? -1, JSON.stringify([pseudo.get(':method'), pseudo.get(':path') ?? authority, authority, cookies.length < 2 ? others : [...others, ['cookie', cookies.join('; ')]]]));
  });
  stream.push(bytes);
  await settle(6);
  if (session.destroyed || session.closed) read.set(0, 'broken');
  session.destroy();
  return read;
}
