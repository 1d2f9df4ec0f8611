/** One question to a host over HTTP, of either version, and its answer. */
import { Buffer } from 'node:buffer';
import { RequestHead, type ResponseHead, type Trailers } from '@sluice/http';
import type { Timer } from '@sluice/kernel';
import type { UpstreamEvents } from '../../codec.ts';
import type { OutcomeCode } from '../../outcome.ts';
import type { HostPool, PoolClient, UpstreamExchange } from '../host-pool.ts';
import type { UpstreamContext } from '../upstream-context.ts';

export interface CheckQuestion {
  readonly method: string;
  readonly path: string;
  readonly authority: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** For connecting, asking and hearing the whole answer, in ms. */
  readonly timeoutMs: number;
  /** Of a longer answer the rest is not kept. */
  readonly answerBytesMax: number;
}

export type CheckAnswer =
  | { readonly kind: 'answered'; readonly head: ResponseHead; readonly body: Buffer; readonly trailers: Trailers | undefined }
  | { readonly kind: 'failed'; readonly reason: string; readonly timedOut: boolean };

export class CheckExchange implements PoolClient, UpstreamEvents {
  readonly comesByHttp2 = false;
  readonly #question: CheckQuestion;
  readonly #pool: HostPool;
  readonly #context: UpstreamContext;
  readonly #onAnswer: (answer: CheckAnswer) => void;
  readonly #timer: Timer;
  #exchange: UpstreamExchange | undefined;
  #head: ResponseHead | undefined;
  readonly #pieces: Buffer[] = [];
  #answerBytes = 0;
  #isOver = false;

  /** @param onAnswer called once, in a turn, never from within `start` */
  constructor(question: CheckQuestion, pool: HostPool, context: UpstreamContext, onAnswer: (answer: CheckAnswer) => void) {
    this.#question = question;
    this.#pool = pool;
    this.#context = context;
    this.#onAnswer = onAnswer;
    this.#timer = context.timers.after(question.timeoutMs, () => this.#onTimeout());
  }

  /** In a turn. */
  start(): void {
    this.#pool.request(this);
  }

  /** The answer is not wanted any more. */
  cancel(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer.cancel();
    this.#pool.cancel(this);
    this.#exchange?.abort();
  }

  onConnection(exchange: UpstreamExchange): void {
    const { method, path, authority, headers, body } = this.#question;
    this.#exchange = exchange;
    const head = RequestHead.of(method, authority, path, headers);
    head.framing = body.length > 0 ? 'length' : 'none';
    head.contentLength = body.length;
    if (body.length > 0) head.set('content-length', String(body.length));
    exchange.begin(this);
    exchange.writeHead(head, undefined);
    if (body.length > 0) exchange.writeData(body, 0, body.length, true);
    exchange.writeEnd(undefined);
  }

  onNoConnection(code: OutcomeCode, reason: string): void {
    this.#finish({ kind: 'failed', reason, timedOut: code === 'upstream-connect-timeout' });
  }

  onInformational(): void {}

  onResponseHead(head: ResponseHead): void {
    this.#head = head;
  }

  onTunnelHead(): void {
    this.#exchange?.abort();
    this.#finish({ kind: 'failed', reason: 'the host switched protocols', timedOut: false });
  }

  /** A copy: the memory is lent for the call only. */
  onResponseData(memory: Buffer, start: number, end: number): void {
    const wanted = Math.min(end - start, this.#question.answerBytesMax - this.#answerBytes);
    if (wanted <= 0) return;
    this.#pieces.push(Buffer.from(memory.subarray(start, start + wanted)));
    this.#answerBytes += wanted;
  }

  onResponseEnd(trailers: Trailers | undefined): void {
    this.#exchange = undefined;
    if (this.#head) this.#finish({ kind: 'answered', head: this.#head, body: Buffer.concat(this.#pieces), trailers });
  }

  onUpstreamDrain(): void {}

  onUpstreamTunnelEnd(): void {}

  onUpstreamFailure(_code: OutcomeCode, reason: string): void {
    const wasReused = this.#exchange?.isReused ?? false;
    this.#exchange = undefined;
    // The host may close an unused connection at any time, also at the moment at which it is asked: that says nothing of its health.
    if (wasReused && !this.#head && !this.#isOver) return this.#pool.request(this, true);
    this.#finish({ kind: 'failed', reason, timedOut: false });
  }

  onUpstreamCrash(error: unknown): void {
    this.#context.logger.error('health check crashed', { host: this.#pool.host.key, error });
    this.#exchange = undefined;
    this.#finish({ kind: 'failed', reason: 'a mistake in the program', timedOut: false });
  }

  #onTimeout(): void {
    const { turn } = this.#context;
    turn.enter();
    try {
      if (this.#isOver) return;
      this.cancel();
      this.#onAnswer({ kind: 'failed', reason: `no answer within ${this.#question.timeoutMs} ms`, timedOut: true });
    } finally {
      turn.leave();
    }
  }

  #finish(answer: CheckAnswer): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer.cancel();
    this.#onAnswer(answer);
  }
}
