/** `envoy.type.v3.Int64Range` where it means HTTP statuses: from `start`, up to and without `end`. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';

export interface StatusRange {
  readonly start: number;
  readonly end: number;
}

export function readStatusRange(json: unknown, scope: Scope): StatusRange | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const start = reader.integer('start', { min: 100, max: 599 });
  const end = reader.integer('end', { min: 101, max: 600 });
  reader.done();
  if (start === undefined || end === undefined) {
    if (!scope.hasErrors) scope.error('must have start and end');
    return undefined;
  }
  if (start >= end) scope.at('end').error(`is ${end}, must be more than start, which is ${start}`);
  return { start, end };
}
