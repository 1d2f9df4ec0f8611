/**
 * How far apart the parts of a simulated system are: a delay drawn for each delivery, more of it where a fault
 * adds some, and no delivery at all while a part is cut off. Parts have names; a part reaches itself quickly
 * and always.
 */
import type { Clock, Timer, Timers } from '../clock.ts';
import { createSeededRandom, type Random } from '../random.ts';

export interface SimulatedLinksOptions {
  readonly time: Clock & Timers;
  /** Default: seed 1. */
  readonly random?: Random;
  /** What an undisturbed delivery takes, drawn between the two, in ms. Default 0.1 to 1.5: a small network. */
  readonly delayMs?: readonly [least: number, most: number];
}

/** What a delivery within one part takes, in ms: a loopback interface. Constant, so that it keeps the order. */
const loopbackDelayMs = 0.02;

/** How soon a delivery that met a cut link is tried again, in ms: much like a retransmission. */
const retransmitMs = 100;

export class SimulatedLinks {
  readonly time: Clock & Timers;
  readonly #random: Random;
  readonly #delayMs: readonly [number, number];
  readonly #addedMs = new Map<string, number>();
  readonly #isolated = new Set<string>();

  constructor({ time, random = createSeededRandom(1), delayMs = [0.1, 1.5] }: SimulatedLinksOptions) {
    this.time = time;
    this.#random = random;
    this.#delayMs = delayMs;
  }

  /** Every delivery to and from `part` takes this much longer, in ms. 0 ends it. */
  setAddedDelay(part: string, addedMs: number): void {
    if (addedMs > 0) this.#addedMs.set(part, addedMs);
    else this.#addedMs.delete(part);
  }

  /** Nothing reaches or leaves `part` while it is isolated; what was sent meanwhile arrives afterwards. */
  setIsolated(part: string, isIsolated: boolean): void {
    if (isIsolated) this.#isolated.add(part);
    else this.#isolated.delete(part);
  }

  isUp(from: string, to: string): boolean {
    return from === to || !(this.#isolated.has(from) || this.#isolated.has(to));
  }

  /** What the next delivery takes, in ms. */
  drawDelayMs(from: string, to: string): number {
    if (from === to) return loopbackDelayMs;
    const [least, most] = this.#delayMs;
    const addedMs = Math.max(this.#addedMs.get(from) ?? 0, this.#addedMs.get(to) ?? 0);
    return least + this.#random.next() * (most - least) + addedMs;
  }

  /** One direction of a conversation. */
  openPipe(from: string, to: string): SimulatedPipe {
    return new SimulatedPipe(this, from, to);
  }
}

/** Delivers in the order of sending, each delivery after its delay. */
export class SimulatedPipe {
  readonly #links: SimulatedLinks;
  readonly #from: string;
  readonly #to: string;
  readonly #queue: { readonly dueAt: number; readonly deliver: () => void }[] = [];
  #timer: Timer | undefined;
  #isDelivering = false;
  #isCut = false;

  constructor(links: SimulatedLinks, from: string, to: string) {
    this.#links = links;
    this.#from = from;
    this.#to = to;
  }

  /** How many deliveries are under way. */
  get length(): number {
    return this.#queue.length;
  }

  send(deliver: () => void): void {
    if (this.#isCut) return;
    const dueAt = this.#links.time.now() + this.#links.drawDelayMs(this.#from, this.#to);
    this.#queue.push({ dueAt: Math.max(dueAt, this.#queue.at(-1)?.dueAt ?? 0), deliver });
    if (!this.#timer && !this.#isDelivering) this.#arm();
  }

  /** What is under way is lost, and so is whatever is sent later. */
  cut(): void {
    this.#isCut = true;
    this.#queue.length = 0;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(): void {
    const first = this.#queue[0];
    if (!first) return;
    const dueInMs = Math.max(0, first.dueAt - this.#links.time.now());
    const waitMs = this.#links.isUp(this.#from, this.#to) ? dueInMs : Math.max(dueInMs, retransmitMs);
    this.#timer = this.#links.time.after(waitMs, () => {
      this.#timer = undefined;
      this.#isDelivering = true;
      if (this.#links.isUp(this.#from, this.#to)) this.#queue.shift()?.deliver();
      this.#isDelivering = false;
      this.#arm();
    });
  }
}
