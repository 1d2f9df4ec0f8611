/**
 * A TextStream that is filled from within: what is pushed in one turn arrives as one piece in the next, so
 * a listener never runs inside a write, and a burst of events costs one socket write.
 */
import type { Lull } from '../../lull/lull.ts';
import type { TextSink, TextStream } from '../exchange.ts';

export class TextQueue implements TextStream {
  readonly #onClose: () => void;
  readonly #lull: Pick<Lull, 'whenOver'> | undefined;
  #pending: string[] = [];
  #sink: TextSink | undefined;
  #isFlushing = false;
  #isEnded = false;
  #isClosed = false;

  /**
   * @param onClose called once, when it ends for whatever reason
   * @param lull what is pushed while it lasts arrives afterwards
   */
  constructor(onClose: () => void = () => {}, lull?: Pick<Lull, 'whenOver'>) {
    this.#onClose = onClose;
    this.#lull = lull;
  }

  push(text: string): void {
    if (this.#isEnded || this.#isClosed) return;
    this.#pending.push(text);
    this.#schedule();
  }

  /** Ends it in order: what was pushed still arrives. */
  end(): void {
    if (this.#isEnded || this.#isClosed) return;
    this.#isEnded = true;
    this.#onClose();
    this.#schedule();
  }

  get isOver(): boolean {
    return this.#isEnded || this.#isClosed;
  }

  listen(sink: TextSink): void {
    this.#sink = sink;
    this.#schedule();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#pending = [];
    if (!this.#isEnded) this.#onClose();
  }

  #schedule(): void {
    if (this.#isFlushing || !this.#sink) return;
    this.#isFlushing = true;
    const flushSoon = (): void => void Promise.resolve().then(() => this.#flush());
    if (this.#lull) this.#lull.whenOver(flushSoon);
    else flushSoon();
  }

  #flush(): void {
    this.#isFlushing = false;
    if (this.#isClosed || !this.#sink) return;
    const text = this.#pending.join('');
    this.#pending = [];
    if (text !== '') this.#sink.onText(text);
    if (!this.#isEnded || this.#isClosed) return;
    this.#isClosed = true;
    this.#sink.onEnd();
  }
}
