/** Streams that were reset lately: what is still on its way for them is no mistake of anybody's (RFC 9113 5.1, "closed"). */

/** Chosen: what a few round trips may hold. */
const rememberedMax = 1000;

export class RecentResets {
  /** Stream by whether the peer has reset it. */
  readonly #byPeer = new Map<number, boolean>();

  remember(stream: number, byPeer: boolean): void {
    this.#byPeer.set(stream, byPeer);
    if (this.#byPeer.size <= rememberedMax) return;
    const [oldest] = this.#byPeer.keys();
    if (oldest !== undefined) this.#byPeer.delete(oldest);
  }

  /** Undefined when it is not known to have been reset. */
  wasByPeer(stream: number): boolean | undefined {
    return this.#byPeer.get(stream);
  }
}
