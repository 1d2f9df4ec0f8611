/**
 * Who has which host. Two objects may want one, as a tag `a` on route `b` and a route `a-b`: the older has it, and the
 * younger does without that route altogether. What changes is settled again together with all that it shares hosts with,
 * directly or through others, and nothing else is looked at.
 */
export interface Claimant {
  /** Unique, and the order among those of one age. */
  readonly key: string;
  /** RFC 3339; empty sorts first. */
  readonly createdAt: string;
  readonly claims: readonly string[];
}

export interface Conflict {
  readonly claim: string;
  /** Who has it. */
  readonly owner: string;
}

export class HostClaims {
  readonly #claimants = new Map<string, Claimant>();
  readonly #byClaim = new Map<string, Set<string>>();
  /** Of each claimant that lost, what it lost. */
  readonly #conflicts = new Map<string, Conflict>();
  readonly #owners = new Map<string, string>();
  readonly #dirty = new Set<string>();

  put(claimant: Claimant): void {
    this.remove(claimant.key);
    this.#claimants.set(claimant.key, claimant);
    for (const claim of claimant.claims) {
      const keys = this.#byClaim.get(claim);
      if (keys) keys.add(claimant.key);
      else this.#byClaim.set(claim, new Set([claimant.key]));
      this.#dirty.add(claim);
    }
  }

  remove(key: string): void {
    const before = this.#claimants.get(key);
    if (!before) return;
    this.#claimants.delete(key);
    this.#conflicts.delete(key);
    for (const claim of before.claims) {
      const keys = this.#byClaim.get(claim);
      keys?.delete(key);
      if (keys?.size === 0) this.#byClaim.delete(claim);
      if (this.#owners.get(claim) === key) this.#owners.delete(claim);
      this.#dirty.add(claim);
    }
  }

  /** Settles what has changed. Says who may have won or lost by it, and which claims may be another's now. */
  settle(): { readonly claimants: ReadonlySet<string>; readonly claims: ReadonlySet<string> } {
    const { touched, seen } = this.#touched();
    const sorted = [...touched].map((key) => this.#claimants.get(key) as Claimant).sort(byAge);
    for (const { claims, key } of sorted) for (const claim of claims) if (touched.has(this.#owners.get(claim) ?? key)) this.#owners.delete(claim);
    for (const { key, claims } of sorted) {
      const taken = claims.find((claim) => this.#owners.has(claim));
      if (taken === undefined) {
        this.#conflicts.delete(key);
        for (const claim of claims) this.#owners.set(claim, key);
      } else this.#conflicts.set(key, { claim: taken, owner: this.#owners.get(taken) as string });
    }
    return { claimants: touched, claims: seen };
  }

  /** Why a claimant has nothing; undefined when it has all that it asked for. */
  conflictOf(key: string): Conflict | undefined {
    return this.#conflicts.get(key);
  }

  ownerOf(claim: string): string | undefined {
    return this.#owners.get(claim);
  }

  #touched(): { readonly touched: Set<string>; readonly seen: Set<string> } {
    const touched = new Set<string>();
    const claims = [...this.#dirty];
    this.#dirty.clear();
    const seen = new Set(claims);
    for (let claim = claims.pop(); claim !== undefined; claim = claims.pop()) {
      for (const key of this.#byClaim.get(claim) ?? []) {
        if (touched.has(key)) continue;
        touched.add(key);
        for (const other of this.#claimants.get(key)?.claims ?? []) {
          if (seen.has(other)) continue;
          seen.add(other);
          claims.push(other);
        }
      }
    }
    return { touched, seen };
  }
}

function byAge(a: Claimant, b: Claimant): number {
  if (a.createdAt !== b.createdAt) return a.createdAt < b.createdAt ? -1 : 1;
  return a.key < b.key ? -1 : 1;
}
