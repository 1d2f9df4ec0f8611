/** The gate of every decoder: a JSON value in, a checked model out. */
import type { Checked } from '@sluice/kernel';
import { Scope, type DecodeOptions } from './scope.ts';
import type { Decoder } from './message-reader.ts';

/** Runs `decode` over a whole document and gives its value only when nothing is wrong with it. */
export function decodeDocument<T>(
  json: unknown,
  path: string,
  options: DecodeOptions | undefined,
  decode: Decoder<T>,
): Checked<T> {
  const scope = Scope.open(path, options);
  const value = decode(json, scope);
  if (value === undefined || scope.hasErrors) return { ok: false, problems: scope.problems };
  return { ok: true, value, problems: scope.problems };
}
