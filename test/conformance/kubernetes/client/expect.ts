/** The few ways in which cases say what must be so; they also run outside a test runner. */
import { isDeepStrictEqual } from 'node:util';
import { ApiError } from '@sluice/kubernetes';

export function same(found: unknown, expected: unknown, what = 'value'): void {
  if (!isDeepStrictEqual(found, expected)) throw new Error(`${what}: found ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`);
}

export function holds(isSo: boolean, what: string): void {
  if (!isSo) throw new Error(`is not so: ${what}`);
}

/** The refusal, which must have this HTTP status and reason. */
export async function refused(work: Promise<unknown>, httpStatus: number, reason: string): Promise<ApiError> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    same([error.httpStatus, error.reason], [httpStatus, reason], `refusal (${error.message})`);
    return error;
  }
  throw new Error(`was not refused, expected ${httpStatus} ${reason}`);
}
