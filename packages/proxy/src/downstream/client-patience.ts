/**
 * How long a client may leave what is on its way to it. Also where streams may be idle for ever: a program may be silent for as
 * long as it likes, but a client that does not read holds memory and a connection to the upstream.
 */

/** Envoy's `stream_flush_timeout`, which is its `stream_idle_timeout` unless said otherwise. */
const defaultUnreadMsMax = 300_000;

const never = Number.POSITIVE_INFINITY;

export class ClientPatience {
  /** Since when something has been on its way to the client without all of it having left. */
  #unreadSince = never;
  #unreadMsMax = defaultUnreadMsMax;
  /** While lingering: what had not left at the last look, and when that last changed. */
  #lingeringBytes = 0;
  #progressAt = 0;

  /** @param unreadMsMax 0 for the default of five minutes */
  onBlocked(now: number, unreadMsMax: number): void {
    this.#unreadSince = Math.min(this.#unreadSince, now);
    this.#unreadMsMax = unreadMsMax || defaultUnreadMsMax;
  }

  onDrained(): void {
    this.#unreadSince = never;
  }

  /** When it is at an end. Never, as long as the client takes all. */
  get deadline(): number {
    return this.#unreadSince + this.#unreadMsMax;
  }

  /** From here on it counts whether the client takes some of the rest. */
  beginLinger(now: number): void {
    this.#progressAt = now;
  }

  /** A slow client may take what is on its way to it, as long as it takes some. */
  mayLingerOn(pendingBytes: number, now: number): boolean {
    if (pendingBytes !== this.#lingeringBytes) this.#progressAt = now;
    this.#lingeringBytes = pendingBytes;
    return pendingBytes > 0 && now - this.#progressAt < this.#unreadMsMax;
  }
}
