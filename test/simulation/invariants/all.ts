import { badPushRefused } from './bad-push.ts';
import { bounded } from './bounded.ts';
import { calm } from './calm.ts';
import { concurrencyLimit } from './concurrency-limit.ts';
import type { Invariant } from './invariant.ts';
import { knownEndpointsOnly } from './known-endpoints.ts';
import { nothingHeld } from './nothing-held.ts';
import { oneAnswer } from './one-answer.ts';
import { oneLogLine } from './one-log-line.ts';
import { panicNeverFalls } from './panic.ts';
import { processedOnce } from './processed-once.ts';
import { settled } from './settled.ts';
import { successOutsideFaults } from './success-outside-faults.ts';
import { versionsMoveForward } from './versions.ts';

/** All that must hold in every run. */
export const invariants: readonly Invariant[] = [
  oneAnswer,
  oneLogLine,
  processedOnce,
  successOutsideFaults,
  concurrencyLimit,
  knownEndpointsOnly,
  versionsMoveForward,
  badPushRefused,
  panicNeverFalls,
  bounded,
  nothingHeld,
  settled,
  calm,
];
