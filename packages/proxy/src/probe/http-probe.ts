/**
 * One small question over HTTP/1.1: is it there, and what does it say? On its own connection, which is closed
 * afterwards: a probe should find out whether a new connection can be made. Runs on the injected network, and
 * loads no HTTP client: a sidecar asks its program before it has loaded anything else.
 */
import { Buffer } from 'node:buffer';
import { BodyReader, defaultHeadLimits, incomplete, refused, RequestHead, requestHeadBytesMax, ResponseReader, writeRequestHead } from '@sluice/http';
import type { Address, Connection, ConnectionHandler, MeshError, Network, Timer, Timers } from '@sluice/kernel';

export interface HttpProbe {
  readonly address: Address;
  /** With its query, beginning with `/`. */
  readonly path: string;
  /** Default GET. */
  readonly method?: string;
  /** Value of the Host field. */
  readonly host: string;
  readonly headers: Readonly<Record<string, string>>;
  /** For connecting, asking and hearing the whole answer. Milliseconds. */
  readonly timeoutMs: number;
}

export type HttpProbeResult =
  /** `isDegraded`: it says with `x-envoy-degraded` that it is not at its best. */
  | { readonly kind: 'answered'; readonly status: number; readonly body: string; readonly isDegraded: boolean; readonly location?: string }
  /** No connection, no answer in time, or none that could be read. */
  | { readonly kind: 'failed'; readonly reason: string; readonly timedOut: boolean };

/** Of a longer answer, the rest is not read: a probe's answer is a word. Bytes. */
const BODY_BYTES_MAX = 4096;

/** Asks once. `onResult` is called once, never from within this call. */
export function probeHttp(network: Network, timers: Timers, probe: HttpProbe, onResult: (result: HttpProbeResult) => void): void {
  new ProbeExchange(probe, onResult).start(network, timers);
}

class ProbeExchange implements ConnectionHandler {
  readonly #probe: HttpProbe;
  #connection: Connection | undefined;
  #timer: Timer | undefined;
  readonly #head = new ResponseReader(defaultHeadLimits);
  readonly #body = new BodyReader(defaultHeadLimits);
  readonly #pieces: Buffer[] = [];
  #bodyBytes = 0;
  #hasHead = false;
  #onResult: ((result: HttpProbeResult) => void) | undefined;

  constructor(probe: HttpProbe, onResult: (result: HttpProbeResult) => void) {
    this.#probe = probe;
    this.#onResult = onResult;
  }

  start(network: Network, timers: Timers): void {
    const { address, timeoutMs } = this.#probe;
    this.#timer = timers.after(timeoutMs, () => this.#fail(`no answer within ${timeoutMs} ms`, true));
    this.#connection = network.connect(address, this, { timeoutMs });
  }

  onOpen(): void {
    const question = renderQuestion(this.#probe);
    this.#connection?.write(question, 0, question.length);
  }

  onData(memory: Buffer, length: number): void {
    let at = 0;
    while (!this.#hasHead) {
      const end = this.#head.read(memory, at, length);
      if (end === incomplete) return;
      if (end === refused) return this.#fail(`answer cannot be read: ${this.#head.fault ?? 'bad head'}`);
      at = end;
      if (this.#head.head.status >= 200) this.#hasHead = true;
      else this.#head.restart();
      if (this.#hasHead) this.#body.start(this.#head.head.framing, this.#head.head.contentLength);
    }
    this.#readBody(memory, at, length);
  }

  onDrain(): void {}

  onEnd(): void {
    if (this.#hasHead && this.#body.mayEndHere) this.#answer();
    else this.#fail('connection ended before the answer was complete');
  }

  onClose(error?: MeshError): void {
    this.#fail(error?.message ?? 'connection closed', error?.code === 'connect-timeout');
  }

  #readBody(memory: Buffer, start: number, end: number): void {
    // What the answer to a HEAD says of its body is about another one.
    if (this.#probe.method === 'HEAD') return this.#answer();
    let at = start;
    for (;;) {
      const event = this.#body.next(memory, at, end);
      at = this.#body.position;
      if (event === 'more') return;
      if (event === 'end') return this.#answer();
      if (event === 'refused') return this.#fail('body of the answer cannot be read');
      this.#keep(memory.subarray(this.#body.dataStart, this.#body.dataEnd));
      if (this.#bodyBytes >= BODY_BYTES_MAX) return this.#answer();
    }
  }

  /** A copy: the memory is lent for the call only. */
  #keep(bytes: Buffer): void {
    const piece = Buffer.from(bytes.subarray(0, BODY_BYTES_MAX - this.#bodyBytes));
    this.#pieces.push(piece);
    this.#bodyBytes += piece.length;
  }

  #answer(): void {
    const { head } = this.#head;
    const body = Buffer.concat(this.#pieces).toString('utf8');
    const location = head.get('location');
    this.#finish({ kind: 'answered', status: head.status, body, isDegraded: head.has('x-envoy-degraded'), ...(location === undefined ? {} : { location }) });
  }

  #fail(reason: string, timedOut = false): void {
    this.#finish({ kind: 'failed', reason, timedOut });
  }

  #finish(result: HttpProbeResult): void {
    const onResult = this.#onResult;
    if (!onResult) return;
    this.#onResult = undefined;
    this.#timer?.cancel();
    this.#connection?.destroy();
    onResult(result);
  }
}

function renderQuestion({ host, path, headers, method = 'GET' }: HttpProbe): Buffer {
  const head = RequestHead.of(method, host, path, { ...headers, connection: 'close' });
  const bytes = Buffer.allocUnsafe(requestHeadBytesMax(head));
  return bytes.subarray(0, writeRequestHead(head, bytes, 0));
}
