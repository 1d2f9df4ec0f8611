/** Which revisions each route leads to, and which routes lead to each revision. */
export class RevisionUses {
  readonly #targets = new Map<string, ReadonlySet<string>>();
  readonly #users = new Map<string, Set<string>>();

  /** Says where a route leads now. Returns the revisions that are used by other routes than before. */
  set(route: string, targets: ReadonlySet<string>): ReadonlySet<string> {
    const before = this.#targets.get(route) ?? new Set<string>();
    const changed = new Set<string>();
    for (const key of before) {
      if (targets.has(key)) continue;
      changed.add(key);
      const users = this.#users.get(key);
      users?.delete(route);
      if (users?.size === 0) this.#users.delete(key);
    }
    for (const key of targets) {
      if (before.has(key)) continue;
      changed.add(key);
      const users = this.#users.get(key);
      if (users) users.add(route);
      else this.#users.set(key, new Set([route]));
    }
    if (targets.size === 0) this.#targets.delete(route);
    else this.#targets.set(route, targets);
    return changed;
  }

  /** Keys of all that some route leads to. */
  used(): Iterable<string> {
    return this.#users.keys();
  }

  of(revision: string): ReadonlySet<string> {
    return this.#users.get(revision) ?? none;
  }
}

const none: ReadonlySet<string> = new Set();
