/**
 * The one text of a JSON value, and the version that follows from it: equal content has equal versions, on every
 * replica and after every restart.
 */
import { formatContentHash, hashContent } from '@sluice/kernel';

/** Sorted keys, no blanks. Two values that mean the same give the same text, in whatever order their keys were set. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const record = value as Readonly<Record<string, unknown>>;
    const members = Object.keys(record)
      .filter((key) => record[key] !== undefined)
      .sort()
      .map((key) => `${JSON.stringify(key)}:${canonicalJson(record[key])}`);
    return `{${members.join(',')}}`;
  }
  return JSON.stringify(value) ?? 'null';
}

/** The hash of the canonical JSON: 64 bits, so that a clash is not to be expected. */
export function versionOf(value: unknown): string {
  return formatContentHash(hashContent(canonicalJson(value)));
}
