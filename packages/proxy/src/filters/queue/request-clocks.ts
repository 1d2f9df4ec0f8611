/**
 * The three clocks of a request that a revision may set, from the moment the request is let in.
 *
 * | clock | stops | when it runs out |
 * | --- | --- | --- |
 * | duration | when the stream ends | 504, or the response is cut |
 * | response start | with the response head | 504 |
 * | idle | starts over with each piece of the response | 504, or the response is cut |
 *
 * Knative's handler: https://github.com/knative/serving/blob/main/pkg/http/handler/timeout.go. Where it appends
 * the text of the timeout to a response under way, we cut the response: a client must be able to tell a part
 * from the whole. And a tunnel (WebSocket) is not a response: no clock ends it.
 */
import type { Counter } from '@sluice/kernel';
import type { Deadline, Deadlines } from './deadlines.ts';
import type { Stream } from '../../stream.ts';

/** Milliseconds; 0 is off. */
export interface RequestTimeouts {
  /** `timeoutSeconds`. */
  readonly durationMs: number;
  /** `responseStartTimeoutSeconds`. */
  readonly responseStartMs: number;
  /** `idleTimeoutSeconds`. */
  readonly idleMs: number;
}

export class RequestClocks {
  readonly #stream: Stream;
  /** The text of the 504. */
  readonly #message: string;
  readonly #expirations: Counter;
  #duration: Deadline | undefined;
  #responseStart: Deadline | undefined;
  #idle: Deadline | undefined;
  #hasStarted = false;

  constructor(stream: Stream, timeouts: RequestTimeouts, deadlines: Deadlines, message: string, expirations: Counter) {
    this.#stream = stream;
    this.#message = message;
    this.#expirations = expirations;
    const onExpired = () => this.#onExpired();
    if (timeouts.durationMs > 0) this.#duration = deadlines.start(timeouts.durationMs, onExpired);
    if (timeouts.responseStartMs > 0) this.#responseStart = deadlines.start(timeouts.responseStartMs, onExpired);
    if (timeouts.idleMs > 0) this.#idle = deadlines.start(timeouts.idleMs, onExpired);
  }

  /** The response head is on its way. */
  onResponse(): void {
    this.#hasStarted = true;
    this.#responseStart?.cancel();
    this.#idle?.restart();
  }

  /** A piece of the response is on its way. */
  onResponseData(): void {
    this.#idle?.restart();
  }

  /** The stream is over. */
  stop(): void {
    this.#duration?.cancel();
    this.#responseStart?.cancel();
    this.#idle?.cancel();
  }

  #onExpired(): void {
    this.stop();
    // A tunnel: nothing told us of its opening, and nothing is to be done about it.
    if (this.#stream.info.status === 101) return;
    this.#expirations.add();
    if (this.#hasStarted) this.#stream.reset('max-duration');
    else this.#stream.reply({ status: 504, body: this.#message, details: 'revision_timeout', flag: 'UMSDR' });
  }
}
