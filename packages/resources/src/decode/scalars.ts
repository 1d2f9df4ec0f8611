/**
 * Single values of canonical proto3 JSON: strings, numbers, durations, names out of a closed set. Each reports what
 * it found and what it wants, and gives undefined.
 * Rules: https://protobuf.dev/programming-guides/json/
 */
import type { Scope } from './scope.ts';

export interface NumberRange {
  readonly min?: number;
  readonly max?: number;
}

const uint32Max = 4_294_967_295;

export function decodeString(json: unknown, scope: Scope): string | undefined {
  if (typeof json === 'string') return json;
  const hint = typeof json === 'number' || typeof json === 'boolean' ? '; put it in quotes' : '';
  scope.error(`is ${describe(json)}, must be a string${hint}`);
  return undefined;
}

export function decodeNonEmptyString(json: unknown, scope: Scope): string | undefined {
  const value = decodeString(json, scope);
  if (value === '') scope.error('must not be empty');
  return value === '' ? undefined : value;
}

export function decodeBoolean(json: unknown, scope: Scope): boolean | undefined {
  if (typeof json === 'boolean') return json;
  scope.error(`is ${describe(json)}, must be true or false`);
  return undefined;
}

/** A whole number, as a number or (as proto3 JSON writes 64-bit ones) as a string of digits. */
export function decodeInteger(json: unknown, scope: Scope, range: NumberRange): number | undefined {
  const value = typeof json === 'string' && /^-?\d+$/.test(json) ? Number(json) : json;
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
    scope.error(`is ${describe(json)}, must be a whole number${describeRange(range)}`);
    return undefined;
  }
  return isWithin(value, scope, range) ? value : undefined;
}

export function decodeUint32(json: unknown, scope: Scope, range: NumberRange = {}): number | undefined {
  return decodeInteger(json, scope, { min: range.min ?? 0, max: range.max ?? uint32Max });
}

export function decodeNumber(json: unknown, scope: Scope, range: NumberRange = {}): number | undefined {
  if (typeof json !== 'number' || !Number.isFinite(json)) {
    scope.error(`is ${describe(json)}, must be a number${describeRange(range)}`);
    return undefined;
  }
  return isWithin(json, scope, range) ? json : undefined;
}

/** A duration such as `0s`, `1.5s`, in ms. Negative ones are refused: nothing in our subset has a use for them. */
export function decodeDurationMs(json: unknown, scope: Scope): number | undefined {
  const match = typeof json === 'string' ? /^(\d{1,12})(?:\.(\d{1,9}))?s$/.exec(json) : null;
  if (!match) {
    scope.error(`is ${describe(json)}, must be a duration in seconds such as "0.25s"`);
    return undefined;
  }
  const fractionMs = Number(`0.${match[2] ?? '0'}`) * 1000;
  // Nanoseconds are the finest proto3 has; rounding to them keeps 0.1 s at 100 ms sharp.
  return Number(match[1]) * 1000 + Math.round(fractionMs * 1e6) / 1e6;
}

/** A name out of a closed set. */
export function decodeEnum<Name extends string>(
  json: unknown,
  scope: Scope,
  names: readonly Name[],
): Name | undefined {
  const found = names.find((name) => name === json);
  if (found === undefined) scope.error(`is ${describe(json)}, must be ${listNames(names)}`);
  return found;
}

/** How a value is shown in a message: short, with its type where that is what is wrong. */
export function describe(json: unknown): string {
  if (json === null) return 'null';
  if (Array.isArray(json)) return 'a list';
  switch (typeof json) {
    case 'string':
      return JSON.stringify(json.length > 60 ? `${json.slice(0, 57)}...` : json);
    case 'number':
    case 'boolean':
      return String(json);
    case 'object':
      return 'an object';
    default:
      return 'not set';
  }
}

/** `a`, `a or b`, `one of a, b, c`. */
export function listNames(names: readonly string[]): string {
  return names.length <= 2 ? names.join(' or ') : `one of ${names.join(', ')}`;
}

function isWithin(value: number, scope: Scope, { min, max }: NumberRange): boolean {
  if ((min === undefined || value >= min) && (max === undefined || value <= max)) return true;
  scope.error(`is ${value}, must be a number${describeRange({ ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }) })}`);
  return false;
}

function describeRange({ min, max }: NumberRange): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`;
  if (min !== undefined) return ` of at least ${min}`;
  return max === undefined ? '' : ` of at most ${max}`;
}
