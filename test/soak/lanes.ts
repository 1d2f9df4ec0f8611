/** Clients of a soak. Each lane asks one thing after the other on connections of its own, and judges every answer by its id. */
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { Agent, request, type IncomingMessage } from 'node:http';
import { connect as connectHttp2, type ClientHttp2Session, type ClientHttp2Stream, type IncomingHttpHeaders } from 'node:http2';
import { connect } from 'node:net';
import { randomInt, type Random } from '@sluice/kernel';
import { WebSocket } from 'ws';
import type { Tally } from './tally.ts';
import { bodyOf, type SeenRequests } from './upstreams.ts';

export interface LaneContext {
  readonly port: number;
  readonly random: Random;
  readonly tally: Tally;
  readonly seen: SeenRequests;
  /** Whether hosts may die now: what had been sent to one is then nobody's to save. */
  hasDeaths(): boolean;
  nextId(kind: string): string;
}

/** Asks once; everything that can be said about it goes to the tally. */
export interface Lane {
  run(): Promise<void>;
  close(): void;
}

interface Answer {
  readonly status: number;
  readonly id: string;
  readonly hash: string;
  readonly body: Buffer;
}

/** Something went wrong before an answer was there. */
class NoAnswer extends Error {
  /** Nothing of an answer had come, so a safe request may be asked again. */
  readonly isEarly: boolean;

  constructor(message: string, isEarly: boolean) {
    super(message);
    this.isEarly = isEarly;
  }
}

/** How often a client repeats a safe request by itself, as RFC 9110 9.2.2 lets it. */
const repeatsMax = 3;

/** A stream that nobody has processed may be asked for again for ever; a listener that changes each 100 ms refuses some. */
const refusalsMax = 20;

export const laneKinds = {
  get: (context: LaneContext) => new HttpLane(context, 'GET'),
  post: (context: LaneContext) => new HttpLane(context, 'POST'),
  chunked: (context: LaneContext) => new HttpLane(context, 'CHUNKED'),
  http2: (context: LaneContext) => new Http2Lane(context, false),
  grpc: (context: LaneContext) => new Http2Lane(context, true),
  websocket: (context: LaneContext) => new WebSocketLane(context),
  slowReader: (context: LaneContext) => new SlowReaderLane(context),
  vanishing: (context: LaneContext) => new VanishingLane(context),
} as const satisfies Record<string, (context: LaneContext) => Lane>;

export type LaneKind = keyof typeof laneKinds;

function judge({ tally }: LaneContext, id: string, answer: Answer, sent: Buffer, bytes: number, startedAt: number): void {
  const isRight = answer.id === id && answer.hash === createHash('sha256').update(sent).digest('hex') && answer.body.equals(bodyOf(id, bytes));
  if (isRight) tally.good(performance.now() - startedAt);
  else tally.bad('wrong', `${id} got the answer of ${answer.id} with ${answer.body.length} of ${bytes} bytes`);
}

/** An unsafe request that failed: may anybody have repeated it? */
function judgeFailure({ tally, seen, hasDeaths }: LaneContext, id: string, isSafe: boolean, what: string): void {
  const wasSent = seen.has(id) || !/connection failure|overflow|no healthy|refused/i.test(what);
  tally.bad(!isSafe && hasDeaths() && wasSent ? 'unsaveable' : 'lost', `${id}: ${what}`);
}

class HttpLane implements Lane {
  readonly #context: LaneContext;
  readonly #kind: 'GET' | 'POST' | 'CHUNKED';
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(context: LaneContext, kind: 'GET' | 'POST' | 'CHUNKED') {
    this.#context = context;
    this.#kind = kind;
  }

  async run(): Promise<void> {
    const { random, nextId } = this.#context;
    const isSafe = this.#kind === 'GET';
    const id = nextId(this.#kind.toLowerCase());
    const bytes = randomInt(random, 4) === 0 ? randomInt(random, 200_000) : randomInt(random, 2_000);
    const sent = isSafe ? Buffer.alloc(0) : bodyOf(`${id}!`, 1 + randomInt(random, 100_000));
    const startedAt = performance.now();
    for (let attempt = 1; ; attempt += 1) {
      try {
        const answer = await this.#ask(id, bytes, sent);
        if (answer.status === 200) return judge(this.#context, id, answer, sent, bytes, startedAt);
        return judgeFailure(this.#context, id, isSafe, `${answer.status} ${answer.body.toString().slice(0, 120)}`);
      } catch (error) {
        const failure = error as NoAnswer;
        if (isSafe && failure.isEarly && attempt < repeatsMax) continue;
        return judgeFailure(this.#context, id, isSafe && failure.isEarly, failure.message);
      }
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  #ask(id: string, bytes: number, sent: Buffer): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const framing = this.#kind === 'POST' ? { 'content-length': sent.length } : {};
    const asked = request({ host: '127.0.0.1', port: this.#context.port, agent: this.#agent, method: this.#kind === 'GET' ? 'GET' : 'POST', path: `/${id}`, headers: { 'x-id': id, 'x-bytes': bytes, ...framing } });
    asked.on('error', (error) => reject(new NoAnswer(String(error), true)));
    asked.on('response', (response: IncomingMessage) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', (error) => reject(new NoAnswer(`cut after its head: ${String(error)}`, false)));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, id: String(response.headers['x-id']), hash: String(response.headers['x-hash']), body: Buffer.concat(chunks) }));
    });
    if (this.#kind === 'CHUNKED') for (let at = 0; at < sent.length; at += 30_000) asked.write(sent.subarray(at, at + 30_000));
    asked.end(this.#kind === 'POST' ? sent : undefined);
    return promise;
  }
}

class Http2Lane implements Lane {
  readonly #context: LaneContext;
  readonly #isGrpc: boolean;
  #session: ClientHttp2Session | undefined;

  constructor(context: LaneContext, isGrpc: boolean) {
    this.#context = context;
    this.#isGrpc = isGrpc;
  }

  async run(): Promise<void> {
    const { nextId, random } = this.#context;
    const id = nextId(this.#isGrpc ? 'grpc' : 'h2');
    const bytes = randomInt(random, 20_000);
    const sent = this.#isGrpc ? bodyOf(`${id}!`, randomInt(random, 5_000)) : Buffer.alloc(0);
    const startedAt = performance.now();
    for (let attempt = 1; ; attempt += 1) {
      try {
        const answer = await this.#ask(id, bytes, sent);
        if (answer.status === 200 && answer.id !== 'undefined') return judge(this.#context, id, answer, sent, bytes, startedAt);
        return judgeFailure(this.#context, id, !this.#isGrpc, `${answer.status} ${answer.body.toString().slice(0, 120)}`);
      } catch (error) {
        const failure = error as NoAnswer;
        // A stream beyond the last of a GOAWAY, or refused, has been processed by nobody (RFC 9113 6.8, 8.7).
        const isUnprocessed = /REFUSED_STREAM|GOAWAY|session|closed before/i.test(failure.message) && !this.#context.seen.has(id);
        if (attempt < (isUnprocessed ? refusalsMax : repeatsMax) && failure.isEarly && (isUnprocessed || !this.#isGrpc)) continue;
        return judgeFailure(this.#context, id, false, failure.message);
      }
    }
  }

  close(): void {
    this.#session?.destroy();
  }

  #open(): ClientHttp2Session {
    const known = this.#session;
    if (known && !known.closed && !known.destroyed) return known;
    const session = connectHttp2(`http://127.0.0.1:${this.#context.port}`);
    session.on('error', () => {});
    session.on('goaway', () => session.close());
    return (this.#session = session);
  }

  #ask(id: string, bytes: number, sent: Buffer): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const grpc = this.#isGrpc ? { ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers' } : { ':method': 'GET' };
    let stream: ClientHttp2Stream;
    try {
      stream = this.#open().request({ ':path': `/h2/${id}`, 'x-id': id, 'x-bytes': String(bytes), ...grpc });
    } catch (error) {
      return Promise.reject(new NoAnswer(`session: ${String(error)}`, true));
    }
    let head: IncomingHttpHeaders | undefined;
    let grpcStatus = '';
    const chunks: Buffer[] = [];
    stream.on('response', (headers) => (head = headers));
    stream.on('trailers', (trailers) => (grpcStatus = String(trailers['grpc-status'])));
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', (error) => reject(new NoAnswer(String(error), head === undefined)));
    stream.on('close', () => {
      if (!head) return reject(new NoAnswer('closed before its head', true));
      if (this.#isGrpc && grpcStatus !== '0' && head['grpc-status'] === undefined) return reject(new NoAnswer('without trailers', false));
      const trailersOnly = head['grpc-status'] === undefined ? '' : ` grpc-status ${String(head['grpc-status'])} ${decodeURIComponent(String(head['grpc-message']))}`;
      resolve({ status: Number(head[':status']), id: String(head['x-id']), hash: String(head['x-hash']), body: trailersOnly === '' ? Buffer.concat(chunks) : Buffer.from(trailersOnly) });
    });
    stream.end(sent.length > 0 ? sent : undefined);
    return promise;
  }
}

class WebSocketLane implements Lane {
  readonly #context: LaneContext;
  #socket: WebSocket | undefined;

  constructor(context: LaneContext) {
    this.#context = context;
  }

  /** One message there and back. */
  async run(): Promise<void> {
    const { tally, nextId, hasDeaths } = this.#context;
    const id = nextId('ws');
    const startedAt = performance.now();
    try {
      const socket = await this.#open();
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      socket.once('message', (data: Buffer) => resolve(data.toString()));
      socket.once('close', (code) => reject(new Error(`closed with ${code}`)));
      socket.send(id);
      const answer = await promise;
      if (answer === id) tally.good(performance.now() - startedAt);
      else tally.bad('wrong', `${id} got ${answer}`);
      socket.removeAllListeners('close');
    } catch (error) {
      this.#socket = undefined;
      tally.bad(hasDeaths() ? 'unsaveable' : 'lost', `${id}: ${String(error)}`);
    }
  }

  close(): void {
    this.#socket?.terminate();
  }

  async #open(): Promise<WebSocket> {
    if (this.#socket?.readyState === WebSocket.OPEN) return this.#socket;
    const socket = new WebSocket(`ws://127.0.0.1:${this.#context.port}/ws/`);
    socket.on('error', () => {});
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    socket.once('open', resolve);
    socket.once('error', reject);
    await promise;
    return (this.#socket = socket);
  }
}

/** Takes a large answer in small helpings. */
class SlowReaderLane implements Lane {
  readonly #context: LaneContext;

  constructor(context: LaneContext) {
    this.#context = context;
  }

  async run(): Promise<void> {
    const { port, tally, nextId, hasDeaths } = this.#context;
    const id = nextId('slow');
    const bytes = 1 << 20;
    const startedAt = performance.now();
    const asked = request({ host: '127.0.0.1', port, agent: false, path: `/${id}`, headers: { 'x-id': id, 'x-bytes': bytes } });
    asked.end();
    try {
      const [response] = (await once(asked, 'response')) as [IncomingMessage];
      const chunks: Buffer[] = [];
      let sinceRest = 0;
      for await (const chunk of response as AsyncIterable<Buffer>) {
        chunks.push(chunk);
        sinceRest += chunk.length;
        if (sinceRest < 64 * 1024) continue;
        sinceRest = 0;
        await rest(5);
      }
      const answer = { status: response.statusCode ?? 0, id: String(response.headers['x-id']), hash: String(response.headers['x-hash']), body: Buffer.concat(chunks) };
      if (answer.status === 200) judge(this.#context, id, answer, Buffer.alloc(0), bytes, startedAt);
      else tally.bad('lost', `${id}: ${answer.status} ${answer.body.toString().slice(0, 120)}`);
    } catch (error) {
      // Once its head is here nobody can ask for the rest again.
      tally.bad(hasDeaths() ? 'unsaveable' : 'lost', `${id}: ${String(error)}`);
    }
  }

  close(): void {}
}

/** Goes away in the middle: of its request, or of its answer. */
class VanishingLane implements Lane {
  readonly #context: LaneContext;

  constructor(context: LaneContext) {
    this.#context = context;
  }

  async run(): Promise<void> {
    const { port, random, nextId } = this.#context;
    const id = nextId('vanished');
    const head = `${randomInt(random, 2) === 0 ? 'POST' : 'GET'} /${id} HTTP/1.1\r\nHost: soak\r\nX-Id: ${id}\r\nX-Bytes: 500000\r\n`;
    const whole = head.startsWith('POST') ? `${head}Content-Length: 100\r\n\r\n${'x'.repeat(100)}` : `${head}\r\n`;
    const socket = connect({ host: '127.0.0.1', port });
    socket.on('error', () => {});
    socket.on('data', () => {});
    socket.write(whole.slice(0, randomInt(random, 2) === 0 ? whole.length : randomInt(random, whole.length)));
    await rest(randomInt(random, 20));
    if (randomInt(random, 2) === 0) socket.resetAndDestroy();
    else socket.destroy();
  }

  close(): void {}
}

function rest(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
