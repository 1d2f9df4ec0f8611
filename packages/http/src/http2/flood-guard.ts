/**
 * Budgets of what is legal frame by frame and an attack in number (CVE-2019-9511 to 9518): each names what was spent.
 * Measures and defaults are Envoy's.
 */
import type { Http2Counters, Http2Limits } from './http2-options.ts';

/** What Envoy allows beyond what was earned. */
const windowUpdatesForNothing = 5;

export class FloodGuard {
  readonly #limits: Http2Limits;
  readonly #counters: Http2Counters;
  #streams = 0;
  #emptyFrames = 0;
  #priorityFrames = 0;
  #windowUpdates = 0;
  /** Written while the peer does not read. */
  #waitingFrames = 0;
  #waitingControlFrames = 0;

  constructor(limits: Http2Limits, counters: Http2Counters) {
    this.#limits = limits;
    this.#counters = counters;
  }

  onStream(): void {
    this.#streams += 1;
  }

  /** Anything with content. */
  onContent(): void {
    this.#emptyFrames = 0;
  }

  /** Each gives why it is too much; undefined as long as it is not. */
  onEmptyFrame(): string | undefined {
    this.#emptyFrames += 1;
    if (this.#emptyFrames <= this.#limits.emptyFramesMax) return undefined;
    this.#counters.inboundEmptyFramesFlood.add();
    return 'too many empty frames';
  }

  onPriority(): string | undefined {
    this.#priorityFrames += 1;
    if (this.#priorityFrames <= this.#limits.priorityFramesPerStreamMax * (1 + this.#streams)) return undefined;
    this.#counters.inboundPriorityFramesFlood.add();
    return 'too many PRIORITY frames';
  }

  onWindowUpdate(dataFramesSent: number): string | undefined {
    this.#windowUpdates += 1;
    if (this.#windowUpdates <= windowUpdatesForNothing + 2 * (this.#streams + this.#limits.windowUpdatesPerDataFrameMax * dataFramesSent)) return undefined;
    this.#counters.inboundWindowUpdateFramesFlood.add();
    return 'too many WINDOW_UPDATE frames';
  }

  /** A frame was written that has to wait. */
  onWaitingFrame(isControl: boolean): string | undefined {
    this.#waitingFrames += 1;
    if (isControl) this.#waitingControlFrames += 1;
    if (this.#waitingControlFrames > this.#limits.outboundControlFramesMax) {
      this.#counters.outboundControlFlood.add();
      return 'too many answers wait';
    }
    if (this.#waitingFrames <= this.#limits.outboundFramesMax) return undefined;
    this.#counters.outboundFlood.add();
    return 'too many frames wait';
  }

  /** All that waited has left. */
  onDrained(): void {
    this.#waitingFrames = 0;
    this.#waitingControlFrames = 0;
  }
}
