/**
 * Remembers what long runs of bytes were read as. Proxies of one kind ask for the same thousands of names in the same
 * bytes, each with every answer in the state-of-the-world variant and all at once when a replica is lost: to compare
 * bytes costs a hundredth of reading them.
 */

/** Shorter runs are read anew. Chosen: some 300 names. */
const runBytesMin = 16_384;

/** How many runs are remembered. Chosen: a few kinds of proxies with a few types each, of a megabyte or two at the most. */
const runsMax = 8;

export class RunMemo<T> {
  readonly #runs: { readonly bytes: Uint8Array; readonly value: T }[] = [];

  /** @param read what the run means; what it gives is shared and must not be changed */
  read(bytes: Uint8Array, read: (bytes: Uint8Array) => T): T {
    if (bytes.length < runBytesMin) return read(bytes);
    const index = this.#runs.findIndex((run) => run.bytes.length === bytes.length && Buffer.compare(run.bytes, bytes) === 0);
    const [found = { bytes, value: read(bytes) }] = index < 0 ? [] : this.#runs.splice(index, 1);
    // The one used last stands first, and the one not used for longest goes.
    this.#runs.unshift(found);
    this.#runs.length = Math.min(this.#runs.length, runsMax);
    return found.value;
  }
}

/** What requests are read with: the names and versions of long lists. */
export interface RequestMemo {
  readonly names: RunMemo<readonly string[]>;
  readonly versions: RunMemo<Readonly<Record<string, string>>>;
}

export function createRequestMemo(): RequestMemo {
  return { names: new RunMemo(), versions: new RunMemo() };
}
