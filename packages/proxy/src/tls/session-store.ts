/**
 * Sessions that can be taken up again, by the name that was asked for, newest first. One of TLS 1.3 is used once
 * (RFC 8446 C.4), one of TLS 1.2 until there is another.
 */
import type { Buffer } from 'node:buffer';

/** Names are clients' to choose where they follow from requests. Chosen: more than a cluster has names, as a rule. */
const namesMax = 100;

interface Remembered {
  readonly session: Buffer;
  readonly isForOneUse: boolean;
}

export class SessionStore {
  readonly #sessionsMax: number;
  /** In the order in which names were last given a session. */
  readonly #sessions = new Map<string, Remembered[]>();

  /** @param sessionsMax of each name; 0 remembers none */
  constructor(sessionsMax: number) {
    this.#sessionsMax = sessionsMax;
  }

  put(name: string, session: Buffer, isForOneUse: boolean): void {
    if (this.#sessionsMax === 0) return;
    const known = this.#sessions.get(name) ?? [];
    known.push({ session, isForOneUse });
    if (known.length > this.#sessionsMax) known.shift();
    this.#sessions.delete(name);
    this.#sessions.set(name, known);
    if (this.#sessions.size <= namesMax) return;
    const [oldest] = this.#sessions.keys();
    if (oldest !== undefined) this.#sessions.delete(oldest);
  }

  take(name: string): Buffer | undefined {
    const known = this.#sessions.get(name);
    const newest = known?.at(-1);
    if (newest?.isForOneUse) known?.pop();
    return newest?.session;
  }
}
