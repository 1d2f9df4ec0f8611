/** The two ends of the wire around a proxy under test, byte by byte: a client that writes what it likes, an upstream that follows a script. */
import { Buffer } from 'node:buffer';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { Address } from '@sluice/kernel';

/** A socket that is read by waiting for what should come. */
export class RawPeer {
  readonly socket: Socket;
  /** What came stands between `#from` and `#to`. It is never written over: what has been given away is part of it. */
  #memory: Buffer = Buffer.alloc(0);
  #from = 0;
  #to = 0;
  #ended = false;
  #error: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (bytes: Buffer) => {
      this.#append(bytes);
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
    return this.#memory.toString('latin1', this.#from, this.#to);
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
    let looked = 0;
    for (;;) {
      const unread = this.#memory.subarray(this.#from, this.#to);
      const at = unread.indexOf(mark, looked, 'latin1');
      if (at !== -1) return this.#take(at + mark.length).toString('latin1');
      looked = Math.max(0, unread.length - mark.length + 1);
      await this.#more(`waited for ${JSON.stringify(mark)}`);
    }
  }

  /** A head with its empty line. */
  readHead(): Promise<string> {
    return this.readUntil('\r\n\r\n');
  }

  async readBytes(count: number): Promise<Buffer> {
    while (this.#to - this.#from < count) await this.#more(`waited for ${count} bytes`);
    return this.#take(count);
  }

  /** All that comes until the other side ends. */
  async readToEnd(): Promise<Buffer> {
    while (!this.#ended) await this.#wait();
    return this.#take(this.#to - this.#from);
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
    const start = this.#from;
    this.#from += count;
    return this.#memory.subarray(start, this.#from);
  }

  /** Memory grows by doubling: a test that lets 20 MB come shall not copy them for each piece. */
  #append(bytes: Buffer): void {
    if (this.#to + bytes.length > this.#memory.length) {
      const unread = this.#memory.subarray(this.#from, this.#to);
      this.#memory = Buffer.alloc(Math.max(4096, 2 * (unread.length + bytes.length)));
      unread.copy(this.#memory);
      this.#from = 0;
      this.#to = unread.length;
    }
    this.#to += bytes.copy(this.#memory, this.#to);
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
