/**
 * Those of a kind that are there just now, in no order, where they come and go by the thousand. Not a `Set`: V8 gives one a new table
 * each time its removed entries have filled the old, and an old table that has reached the old generation holds what was in it,
 * and the table after it, until a full collection. So with a new connection per request each second one outlived its end, and an eighth
 * of the CPU time went into copying the dead.
 */

export interface RosterMember {
  /** Its place in the roster; kept by the roster, -1 outside. */
  rosterIndex: number;
}

export class Roster<Member extends RosterMember> {
  readonly #members: Member[] = [];

  get size(): number {
    return this.#members.length;
  }

  add(member: Member): void {
    member.rosterIndex = this.#members.length;
    this.#members.push(member);
  }

  /** False when it was not in it. */
  remove(member: Member): boolean {
    const index = member.rosterIndex;
    if (index < 0) return false;
    member.rosterIndex = -1;
    const last = this.#members.pop() as Member;
    if (last === member) return true;
    this.#members[index] = last;
    last.rosterIndex = index;
    return true;
  }

  /** Those that are in it now, without those that are removed meanwhile. */
  forEach(visit: (member: Member) => void): void {
    for (const member of this.#members.slice()) if (member.rosterIndex >= 0) visit(member);
  }
}
