/** A connection with one request at a time, as the generators use them: straight on the system's handles, because a generator that costs more than what it measures is late. */
import { Buffer } from 'node:buffer';
import type { Connection, ConnectionHandler, Network } from '@sluice/kernel';

export interface LaneOwner {
  /** The answer is whole, or will never come. @param isGood whether it is what it should be */
  onEnd(lane: Lane, index: number, isGood: boolean): void;
}

const request = Buffer.from('GET / HTTP/1.1\r\nHost: bench\r\n\r\n');

export class Lane implements ConnectionHandler {
  isOpen = true;
  readonly #owner: LaneOwner;
  readonly #opened = Promise.withResolvers<void>();
  #connection: Connection | undefined;
  #index = -1;
  /** Of an answer that has come in part. */
  #text = '';

  private constructor(owner: LaneOwner) {
    this.#owner = owner;
  }

  /** @throws Error when it cannot be made */
  static async open(network: Network, port: number, owner: LaneOwner): Promise<Lane> {
    const lane = new Lane(owner);
    lane.#connection = network.connect({ host: '127.0.0.1', port }, lane);
    await lane.#opened.promise;
    return lane;
  }

  send(index: number): void {
    this.#index = index;
    this.#connection?.write(request, 0, request.length);
  }

  close(): void {
    this.#index = -1;
    this.#connection?.destroy();
  }

  onOpen(): void {
    this.#opened.resolve();
  }

  onData(memory: Buffer, length: number): void {
    const text = memory.toString('latin1', 0, length);
    const whole = this.#text === '' ? text : this.#text + text;
    if (whole.length < lengthOf(whole)) return void (this.#text = whole);
    this.#text = '';
    this.#end(whole.startsWith('HTTP/1.1 200 '));
  }

  onDrain(): void {}

  onEnd(): void {
    this.#connection?.destroy();
  }

  onClose(error?: Error): void {
    this.isOpen = false;
    this.#opened.reject(error ?? new Error('closed while connecting'));
    if (this.#index >= 0) this.#end(false);
  }

  #end(isGood: boolean): void {
    const index = this.#index;
    this.#index = -1;
    this.#owner.onEnd(this, index, isGood);
  }
}

/** Of the answer that begins with `text`, head and body. Read from each anew: a field that tells how long it took is longer in some. */
function lengthOf(text: string): number {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd === -1) return Number.POSITIVE_INFINITY;
  return headEnd + 4 + Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1] ?? '0');
}
