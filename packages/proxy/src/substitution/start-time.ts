/**
 * Time stamps of log lines. The part down to the second is made once per second, since a busy proxy writes
 * thousands of lines in each.
 */
import { Buffer } from 'node:buffer';
import type { LineWriter } from './line-writer.ts';

/** `2026-01-31T08:15:30.250Z`. Keeps the last second, so each user takes one of its own. */
export function createIsoTime(): (wallMs: number) => string {
  let second = Number.NaN;
  let prefix = '';
  return (wallMs) => {
    const current = Math.floor(wallMs / 1000);
    if (current !== second) {
      second = current;
      prefix = new Date(current * 1000).toISOString().slice(0, 20);
    }
    return `${prefix}${pad(Math.floor(wallMs) - current * 1000, 3)}Z`;
  };
}

/** The same, put down as bytes. */
export function createIsoTimeAppender(): (wallMs: number, line: LineWriter) => void {
  let second = Number.NaN;
  let prefix = Buffer.alloc(0);
  return (wallMs, line) => {
    const current = Math.floor(wallMs / 1000);
    if (current !== second) {
      second = current;
      prefix = Buffer.from(new Date(current * 1000).toISOString().slice(0, 20));
    }
    line.bytes(prefix);
    line.digits(Math.floor(wallMs) - current * 1000, 3);
    line.bytes(zone);
  };
}

const zone = Buffer.from('Z');

/** The conversions of strftime that are understood, with Envoy's `%f` (nanoseconds) and `%3f`, `%6f`, `%9f`. */
const conversions: Readonly<Record<string, (date: Date) => string>> = {
  '%Y': (date) => pad(date.getUTCFullYear(), 4),
  '%m': (date) => pad(date.getUTCMonth() + 1, 2),
  '%d': (date) => pad(date.getUTCDate(), 2),
  '%H': (date) => pad(date.getUTCHours(), 2),
  '%M': (date) => pad(date.getUTCMinutes(), 2),
  '%S': (date) => pad(date.getUTCSeconds(), 2),
  '%F': (date) => date.toISOString().slice(0, 10),
  '%T': (date) => date.toISOString().slice(11, 19),
  '%s': (date) => String(Math.floor(date.getTime() / 1000)),
  '%z': () => '+0000',
  '%Z': () => 'UTC',
  '%f': (date) => `${pad(date.getUTCMilliseconds(), 3)}000000`,
  '%3f': (date) => pad(date.getUTCMilliseconds(), 3),
  '%6f': (date) => `${pad(date.getUTCMilliseconds(), 3)}000`,
  '%9f': (date) => `${pad(date.getUTCMilliseconds(), 3)}000000`,
  '%%': () => '%',
};

const conversion = /%(?:[369]?f|.)/g;

/** Gives the function, or the conversion that is not understood. */
export function createFormattedTime(format: string): ((wallMs: number) => string) | { readonly unknown: string } {
  const unknown = format.match(conversion)?.find((found) => !Object.hasOwn(conversions, found));
  if (unknown !== undefined) return { unknown };
  return (wallMs) => {
    const date = new Date(wallMs);
    return format.replace(conversion, (found) => conversions[found]?.(date) ?? found);
  };
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, '0');
}
