/** What can be fuzzed: one line in `targets.ts` each. */
import type { Buffer } from 'node:buffer';
import type { Random } from '@sluice/kernel';

/** A target once its tools are loaded. */
export interface FuzzRun {
  /** One message out of `random`: what was tried, and what is wrong with how we take it, if anything is. */
  next(random: Random): FuzzCase;
  /** The same question about bytes that are there. `input.kind` says what they are (`request`). */
  judge(input: FuzzInput): string | undefined;
}

export interface FuzzInput {
  /** What the bytes are to the target: `request`, `response to HEAD`. */
  readonly kind: string;
  readonly bytes: Buffer;
}

export interface FuzzCase extends FuzzInput {
  readonly finding: string | undefined;
  /** Whether we took it: a fuzzer whose messages are all refused finds nothing. */
  readonly isAccepted: boolean;
}

export interface FuzzTarget {
  readonly name: string;
  readonly help: string;
  start(): Promise<FuzzRun>;
}
