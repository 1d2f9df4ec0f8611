/** Well-behaved ends of the wire, Node's own, in either protocol: an upstream that answers and a client that asks. */
import { Buffer } from 'node:buffer';
import { createServer as createHttp1Server, request as requestHttp1, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2Server, type ClientHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { Address } from '@sluice/kernel';

/** `h2` is by prior knowledge. */
export type TestProtocol = 'h1' | 'h2';

/** What the requests and responses of both have in common. */
export type TestHandler = (request: IncomingMessage & { readonly stream?: ServerHttp2Stream }, response: ServerResponse & { readonly stream?: ServerHttp2Stream }) => void;

export interface TestUpstream extends AsyncDisposable {
  readonly address: Address;
  /** Connections that were accepted. */
  readonly connections: ReadonlySet<Socket>;
}

export async function startTestUpstream(protocol: TestProtocol, handler: TestHandler): Promise<TestUpstream> {
  const server = protocol === 'h1' ? createHttp1Server() : createHttp2Server();
  server.on('request', handler);
  const connections = new Set<Socket>();
  server.on('connection', (socket: Socket) => connections.add(socket));
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  const { port } = server.address() as AddressInfo;
  return {
    address: { host: '127.0.0.1', port },
    connections,
    async [Symbol.asyncDispose]() {
      for (const socket of connections) socket.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
}

export interface TestExchange {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: Buffer | string;
  readonly trailers?: Readonly<Record<string, string>>;
}

export interface TestAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
  readonly trailers: Readonly<Record<string, unknown>>;
  /** Interim statuses, in their order. */
  readonly informational: readonly number[];
}

/** A client with one connection. @throws by `ask` when the exchange is cut */
export interface TestClient extends Disposable {
  ask(exchange: TestExchange): Promise<TestAnswer>;
}

export function openTestClient(protocol: TestProtocol, address: Address): TestClient {
  return protocol === 'h1' ? new Http1TestClient(address) : new Http2TestClient(address);
}

class Http1TestClient implements TestClient {
  readonly #address: Address;

  constructor(address: Address) {
    this.#address = address;
  }

  ask({ method = 'GET', path = '/', headers = {}, body, trailers }: TestExchange): Promise<TestAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<TestAnswer>();
    const informational: number[] = [];
    const chunked = trailers ? { 'transfer-encoding': 'chunked', trailer: Object.keys(trailers).join(', ') } : {};
    const request = requestHttp1({ ...this.#address, method, path, headers: { ...headers, ...chunked }, agent: false }, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(pieces), trailers: response.trailers, informational }));
    });
    request.on('information', ({ statusCode }) => informational.push(statusCode));
    request.on('error', reject);
    if (trailers) request.addTrailers(trailers);
    request.end(body);
    return promise;
  }

  [Symbol.dispose](): void {}
}

class Http2TestClient implements TestClient {
  readonly #session: ClientHttp2Session;

  constructor({ host, port }: Address) {
    this.#session = connectHttp2(`http://${host}:${port}`);
    this.#session.on('error', () => {});
  }

  ask({ method = 'GET', path = '/', headers = {}, body, trailers }: TestExchange): Promise<TestAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<TestAnswer>();
    const informational: number[] = [];
    const pieces: Buffer[] = [];
    let answer = { status: 0, headers: {}, trailers: {} };
    const stream = this.#session.request({ ':method': method, ':path': path, ...headers }, { waitForTrailers: trailers !== undefined, endStream: body === undefined && !trailers });
    stream.on('headers', (interim) => informational.push(Number(interim[':status'])));
    stream.on('response', (head) => (answer = { ...answer, status: Number(head[':status']), headers: head }));
    stream.on('trailers', (fields) => (answer = { ...answer, trailers: fields }));
    stream.on('data', (piece: Buffer) => pieces.push(piece));
    stream.on('wantTrailers', () => stream.sendTrailers({ ...trailers }));
    stream.on('error', reject);
    stream.on('close', () => {
      if (stream.rstCode === 0 && answer.status > 0) resolve({ ...answer, body: Buffer.concat(pieces), informational });
      else reject(new Error(`stream closed with code ${stream.rstCode}`));
    });
    if (body !== undefined || trailers) stream.end(body);
    return promise;
  }

  [Symbol.dispose](): void {
    this.#session.destroy();
  }
}
