/** Ways into free-form facts. */
import type { Struct } from '@sluice/resources';

/** What stands at a path; undefined where it does not lead anywhere. */
export function valueAt(struct: Struct | undefined, path: readonly string[]): unknown {
  let value: unknown = struct;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, key)) return undefined;
    value = (value as Struct)[key];
  }
  return value;
}
