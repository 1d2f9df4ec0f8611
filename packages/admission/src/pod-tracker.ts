/** One pod as this activator sees it: where it is, and how much of it is in use by requests from here. */
export class PodTracker {
  /** `ip:port` of the pod's sidecar. */
  readonly address: string;
  /** How many requests it may have from here at once; Infinity when the revision sets no limit. What runs above a lower one goes on. */
  capacity: number;
  #inFlight = 0;

  constructor(address: string, capacity: number) {
    this.address = address;
    this.capacity = capacity;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Takes a place. False when there is none; then nothing has changed. */
  reserve(): boolean {
    if (this.#inFlight >= this.capacity) return false;
    this.#inFlight += 1;
    return true;
  }

  /** Gives a place back. Once per successful `reserve`. */
  release(): void {
    this.#inFlight -= 1;
  }
}
