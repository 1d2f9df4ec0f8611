/**
 * Load at a fixed rate over kept-alive connections, open loop: when each request is due is settled beforehand, and its
 * latency counts from then, whatever became of those before it. A target that stalls is charged for all who would have
 * come meanwhile (no coordinated omission). The generator keeps account of itself, too: how late it took notice of
 * what was due, which is nobody's fault but its own.
 *
 * It spins while it runs, since timers of a millisecond would send in bursts: give it the least of the scheduler's
 * priorities where it shares a core with a server.
 */
import { Buffer } from 'node:buffer';
import { connect, type Socket } from 'node:net';

export interface OpenLoopOptions {
  readonly port: number;
  readonly requestsPerSecond: number;
  readonly seconds: number;
  /** The same load before that, which does not count: connections, caches and compilers on both sides settle. */
  readonly warmUpSeconds: number;
  /** Requests that are due while all are taken wait, at the target's expense. */
  readonly connections: number;
}

export interface OpenLoopResult {
  /** One for each request of the counted time, ascending. Of those without an answer: until the generator gave up, a second after the end. */
  readonly latenciesMs: Float64Array;
  /** How late the generator took notice of each, ascending. */
  readonly latenessMs: Float64Array;
  /** Without a whole answer of status 200. */
  readonly lost: number;
}

const request = Buffer.from('GET / HTTP/1.1\r\nHost: bench\r\n\r\n');
const patienceMs = 1_000;

/** @throws Error when a connection cannot be made */
export async function runOpenLoop(options: OpenLoopOptions): Promise<OpenLoopResult> {
  const run = new OpenLoop(options);
  await run.connect();
  return run.generate();
}

class OpenLoop {
  readonly #options: OpenLoopOptions;
  readonly #intervalMs: number;
  readonly #uncounted: number;
  readonly #latencies: Float64Array;
  readonly #lateness: Float64Array;
  readonly #free: Lane[] = [];
  #startAt = 0;
  /** So many have been due; so many of them have found a connection; so many are answered. */
  #due = 0;
  #sent = 0;
  #ended = 0;

  constructor(options: OpenLoopOptions) {
    const { requestsPerSecond, seconds, warmUpSeconds } = options;
    this.#options = options;
    this.#intervalMs = 1_000 / requestsPerSecond;
    this.#uncounted = Math.round(warmUpSeconds * requestsPerSecond);
    const all = this.#uncounted + Math.round(seconds * requestsPerSecond);
    this.#latencies = new Float64Array(all).fill(Number.NaN);
    this.#lateness = new Float64Array(all);
  }

  /** All of them before the first request: making them is not the work. */
  async connect(): Promise<void> {
    for (let index = 0; index < this.#options.connections; index += 1) this.#free.push(await Lane.open(this.#options.port, this));
  }

  generate(): Promise<OpenLoopResult> {
    const { promise, resolve } = Promise.withResolvers<OpenLoopResult>();
    const lanes = [...this.#free];
    const all = this.#latencies.length;
    this.#startAt = performance.now();
    const giveUpAt = this.#dueAt(all) + patienceMs;
    const tick = (): void => {
      const now = performance.now();
      for (let dueAt = this.#dueAt(this.#due); dueAt <= now && this.#due < all; dueAt = this.#dueAt(this.#due)) {
        this.#lateness[this.#due] = performance.now() - dueAt;
        this.#due += 1;
        const lane = this.#free.pop();
        if (lane) this.#sendNext(lane);
      }
      if (this.#ended < all && now < giveUpAt) return void setImmediate(tick);
      for (const lane of lanes) lane.close();
      resolve(this.#result(giveUpAt));
    };
    tick();
    return promise;
  }

  /** @param isGood whether it was answered as it should be */
  onEnd(lane: Lane, index: number, isGood: boolean): void {
    if (isGood) this.#latencies[index] = performance.now() - this.#dueAt(index);
    this.#ended += 1;
    if (!lane.isOpen) return;
    if (this.#sent < this.#due) this.#sendNext(lane);
    else this.#free.push(lane);
  }

  #sendNext(lane: Lane): void {
    lane.send(this.#sent);
    this.#sent += 1;
  }

  #dueAt(index: number): number {
    return this.#startAt + index * this.#intervalMs;
  }

  #result(giveUpAt: number): OpenLoopResult {
    const counted = this.#latencies.subarray(this.#uncounted);
    let lost = 0;
    for (let index = 0; index < counted.length; index += 1) {
      if (!Number.isNaN(counted[index])) continue;
      lost += 1;
      counted[index] = giveUpAt - this.#dueAt(this.#uncounted + index);
    }
    return { latenciesMs: counted.sort(), latenessMs: this.#lateness.subarray(this.#uncounted).sort(), lost };
  }
}

/** Answers arrive here for all lanes in turn: whoever reads is done with it before the next read. */
const readMemory = Buffer.alloc(65_536);

/** A connection with one request at a time. */
class Lane {
  isOpen = true;
  readonly #socket: Socket;
  readonly #run: OpenLoop;
  #index = -1;
  /** Of an answer that has come in part. */
  #text = '';

  private constructor(socket: Socket, run: OpenLoop) {
    this.#socket = socket;
    this.#run = run;
  }

  static async open(port: number, run: OpenLoop): Promise<Lane> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let lane: Lane | undefined;
    const onread = { buffer: readMemory, callback: (bytes: number, memory: Uint8Array) => (lane?.onText((memory as Buffer).toString('latin1', 0, bytes)), true) };
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, onread }, resolve);
    socket.once('error', reject);
    socket.once('close', () => lane?.onClose());
    lane = new Lane(socket, run);
    await promise;
    return lane;
  }

  send(index: number): void {
    this.#index = index;
    this.#socket.write(request);
  }

  onText(text: string): void {
    const whole = this.#text === '' ? text : this.#text + text;
    if (whole.length < lengthOf(whole)) return void (this.#text = whole);
    this.#text = '';
    this.#end(whole.startsWith('HTTP/1.1 200 '));
  }

  onClose(): void {
    this.isOpen = false;
    if (this.#index >= 0) this.#end(false);
  }

  close(): void {
    this.#index = -1;
    this.#socket.destroy();
  }

  #end(isGood: boolean): void {
    const index = this.#index;
    this.#index = -1;
    this.#run.onEnd(this, index, isGood);
  }
}

/** Of the answer that begins with `text`, head and body. Read from each anew: a field that tells how long it took is longer in some. */
function lengthOf(text: string): number {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd === -1) return Number.POSITIVE_INFINITY;
  return headEnd + 4 + Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1] ?? '0');
}

/** @param sorted ascending @param ratio of them that are below what is returned */
export function percentile(sorted: Float64Array, ratio: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * ratio))] ?? Number.NaN;
}
