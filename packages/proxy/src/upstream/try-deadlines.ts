/** When one of several tries is too late, and for what. Each time is 0 for none. */
import type { OutcomeCode } from '../outcome.ts';
import type { Attempt } from './attempt.ts';

export interface TryTimes {
  /** From the end of the request, on a connection, to the response head. */
  readonly perTryTimeoutMs: number;
  /** Silence, to the end of the response. */
  readonly perTryIdleTimeoutMs: number;
  /** From getting a connection to the end of the response. */
  readonly streamDurationMaxMs: number;
}

const never = Number.POSITIVE_INFINITY;

/** @param requestDoneAt `Infinity` while the request has not come to its end */
export function earliestDeadline(live: readonly Attempt[], winner: Attempt | undefined, times: TryTimes, requestDoneAt: number): number {
  let earliest = never;
  for (const attempt of live) {
    earliest = Math.min(earliest, perTry(attempt, winner, times, requestDoneAt), idle(attempt, times, requestDoneAt), duration(attempt, times));
  }
  return earliest;
}

export function overdueAttempt(attempt: Attempt, winner: Attempt | undefined, times: TryTimes, requestDoneAt: number, now: number): OutcomeCode | undefined {
  if (duration(attempt, times) <= now) return 'upstream-max-duration';
  if (perTry(attempt, winner, times, requestDoneAt) <= now) return 'upstream-per-try-timeout';
  return idle(attempt, times, requestDoneAt) <= now ? 'upstream-per-try-idle-timeout' : undefined;
}

function perTry({ readyAt, isHedged }: Attempt, winner: Attempt | undefined, { perTryTimeoutMs }: TryTimes, requestDoneAt: number): number {
  if (perTryTimeoutMs === 0 || readyAt === 0 || isHedged || winner) return never;
  return Math.max(readyAt, requestDoneAt) + perTryTimeoutMs;
}

function idle({ readyAt, activeAt }: Attempt, { perTryIdleTimeoutMs }: TryTimes, requestDoneAt: number): number {
  if (perTryIdleTimeoutMs === 0 || readyAt === 0) return never;
  return Math.max(activeAt, requestDoneAt) + perTryIdleTimeoutMs;
}

function duration({ readyAt }: Attempt, { streamDurationMaxMs }: TryTimes): number {
  return streamDurationMaxMs === 0 || readyAt === 0 ? never : readyAt + streamDurationMaxMs;
}
