/** The two ends of the wire around a proxy under test, byte by byte: a client that writes what it likes, an upstream that follows a script. */
import { Buffer } from 'node:buffer';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { Address } from '@sluice/kernel';

/** A socket that is read by waiting for what should come. */
export class RawPeer {
  readonly socket: Socket;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #ended = false;
  #error: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (bytes: Buffer) => {
      this.#chunks.push(bytes);
      this.#bytes += bytes.length;
      this.#wake?.();
    });
    socket.on('end', () => this.#finish());
    socket.on('error', (error) => {
      this.#error = error;
      this.#finish();
    });
    socket.on('close', () => this.#finish());
  }

  /** The other side has sent its last byte. */
  get ended(): boolean {
    return this.#ended;
  }

  /** It ended by a reset. */
  get wasReset(): boolean {
    return this.#error !== undefined;
  }

  /** What has come and has not been read. */
  get unread(): string {
    return this.#all().toString('latin1');
  }

  write(bytes: string | Uint8Array): void {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  end(): void {
    this.socket.end();
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }

  /** Up to and with `mark`. @throws when the other side ends before */
  async readUntil(mark: string): Promise<string> {
    for (;;) {
      const at = this.#all().indexOf(mark, 0, 'latin1');
      if (at !== -1) return this.#take(at + mark.length).toString('latin1');
      await this.#more(`waited for ${JSON.stringify(mark)}`);
    }
  }

  /** A head with its empty line. */
  readHead(): Promise<string> {
    return this.readUntil('\r\n\r\n');
  }

  async readBytes(count: number): Promise<Buffer> {
    while (this.#bytes < count) await this.#more(`waited for ${count} bytes`);
    return this.#take(count);
  }

  /** All that comes until the other side ends. */
  async readToEnd(): Promise<Buffer> {
    while (!this.#ended) await this.#wait();
    return this.#take(this.#bytes);
  }

  async #more(what: string): Promise<void> {
    if (this.#ended) throw new Error(`${what}, but the peer ended after ${JSON.stringify(this.unread.slice(0, 300))}`);
    await this.#wait();
  }

  #wait(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    return promise;
  }

  #take(count: number): Buffer {
    const all = this.#all();
    this.#chunks[0] = all.subarray(count);
    this.#bytes -= count;
    return all.subarray(0, count);
  }

  /** What has come, in one piece. */
  #all(): Buffer {
    if (this.#chunks.length !== 1) this.#chunks.splice(0, this.#chunks.length, Buffer.concat(this.#chunks));
    return this.#chunks[0] as Buffer;
  }

  #finish(): void {
    this.#ended = true;
    this.#wake?.();
  }
}

export interface RawUpstream extends AsyncDisposable {
  readonly address: Address;
  /** Connections in the order they came. */
  readonly peers: readonly RawPeer[];
}

/** Listens on a free port; `script` is run for each connection. What a script throws because the proxy went away is expected. */
export async function startRawUpstream(script: (peer: RawPeer, index: number) => Promise<void> | void): Promise<RawUpstream> {
  const peers: RawPeer[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const peer = new RawPeer(socket);
    peers.push(peer);
    void Promise.resolve(script(peer, peers.length - 1)).catch(() => socket.destroy());
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  const { port } = server.address() as AddressInfo;
  return {
    address: { host: '127.0.0.1', port },
    peers,
    async [Symbol.asyncDispose]() {
      for (const { socket } of peers) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}

/** Connects to the proxy. */
export async function connectRaw(address: Address): Promise<RawPeer> {
  const socket = connect({ host: address.host, port: address.port, allowHalfOpen: true, noDelay: true });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once('connect', resolve);
  socket.once('error', reject);
  await promise;
  socket.off('error', reject);
  return new RawPeer(socket);
}
