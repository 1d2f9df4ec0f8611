/**
 * The line of those who wait, oldest first. An entry that gives up leaves from the middle in constant time,
 * so a burst whose clients all go away costs no more than the burst itself.
 */

/** One place in the line. A request's own object extends it, so that waiting allocates nothing more. */
export class WaitingListEntry {
  /** The list it stands in; undefined when it stands in none. */
  list: WaitingList<WaitingListEntry> | undefined;
  previous: WaitingListEntry | undefined;
  next: WaitingListEntry | undefined;
}

/** First in, first out. An entry stands in at most one list. */
export class WaitingList<Entry extends WaitingListEntry> {
  #first: Entry | undefined;
  #last: Entry | undefined;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** The one who has waited longest. */
  get first(): Entry | undefined {
    return this.#first;
  }

  /** Joins at the end. */
  push(entry: Entry): void {
    entry.list = this;
    entry.previous = this.#last;
    if (this.#last) this.#last.next = entry;
    else this.#first = entry;
    this.#last = entry;
    this.#length += 1;
  }

  /** Takes out the one who has waited longest. */
  shift(): Entry | undefined {
    const entry = this.#first;
    if (entry) this.remove(entry);
    return entry;
  }

  /** Takes `entry` out, wherever it stands. It must stand in this list. */
  remove(entry: Entry): void {
    const { previous, next } = entry;
    if (previous) previous.next = next;
    else this.#first = next as Entry | undefined;
    if (next) next.previous = previous;
    else this.#last = previous as Entry | undefined;
    entry.list = undefined;
    entry.previous = undefined;
    entry.next = undefined;
    this.#length -= 1;
  }
}
