/** What stands in a Lease, and when another may take it. */
import { formatMicroTime } from '../conditions.ts';
import type { Lease } from '../objects/cluster.ts';

/** The Lease as it was seen, and when that was on the seer's own clock. */
export interface SeenLease {
  readonly lease: Lease;
  /** Monotonic ms, when the answer had come. Moves on only when the record changes. */
  readonly since: number;
}

/** Keeps the moment at which the record, as it is now, was first seen. */
export function see(before: SeenLease | undefined, lease: Lease, now: number): SeenLease {
  return before !== undefined && isSameRecord(before.lease, lease) ? { lease, since: before.since } : { lease, since: now };
}

/** How long its holder has promised to renew within, in ms. */
function durationMsOf(lease: Lease, fallbackMs: number): number {
  const seconds = lease.spec?.leaseDurationSeconds;
  return seconds === undefined ? fallbackMs : seconds * 1000;
}

/**
 * Whether `identity` may take it: nobody holds it, or it is its own, or its record has stood unchanged for as long as its holder
 * promised. Times within the record are for people: clocks differ, and only one's own is trusted.
 */
export function isFree({ lease, since }: SeenLease, identity: string, now: number, fallbackMs: number): boolean {
  const holder = lease.spec?.holderIdentity ?? '';
  return holder === '' || holder === identity || now - since >= durationMsOf(lease, fallbackMs);
}

export interface RecordTimes {
  readonly identity: string;
  readonly durationMs: number;
  /** Wall clock. */
  readonly wallTime: number;
}

/** The record of one who takes it. The count of transitions is what tells this term from all others. */
export function takenRecord(before: Lease | undefined, { identity, durationMs, wallTime }: RecordTimes): NonNullable<Lease['spec']> {
  const now = formatMicroTime(wallTime);
  const transitions = before?.spec?.leaseTransitions;
  return {
    holderIdentity: identity,
    leaseDurationSeconds: Math.max(1, Math.ceil(durationMs / 1000)),
    acquireTime: now,
    renewTime: now,
    leaseTransitions: transitions === undefined ? 0 : transitions + 1,
  };
}

/** The record of one who goes on holding it. */
export function renewedRecord(before: Lease, { durationMs, wallTime }: RecordTimes): NonNullable<Lease['spec']> {
  return { ...before.spec, leaseDurationSeconds: Math.max(1, Math.ceil(durationMs / 1000)), renewTime: formatMicroTime(wallTime) };
}

/** The record of one who gives it back: whoever comes next need not wait. */
export function releasedRecord(before: Lease, wallTime: number): NonNullable<Lease['spec']> {
  return { ...before.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: formatMicroTime(wallTime) };
}

/** Any write counts as a sign of life: times within the record might stand still with the clock they were read from. */
function isSameRecord({ metadata: a }: Lease, { metadata: b }: Lease): boolean {
  return a.resourceVersion === b.resourceVersion && a.uid === b.uid;
}
