/**
 * Reads the fields of one message out of canonical proto3 JSON. A decoder asks for each field it knows by its
 * proto name (`connect_timeout`); the lowerCamel name (`connectTimeout`) works too. What it asks for, and what it
 * says it ignores or refuses, is what is known: `done()` reports every other key with the nearest known name.
 * A field that is absent or null has its default, as proto3 JSON says.
 */
import { nearestName } from './nearest-name.ts';
import {
  decodeBoolean,
  decodeDurationMs,
  decodeEnum,
  decodeInteger,
  decodeNonEmptyString,
  decodeNumber,
  decodeString,
  decodeUint32,
  describe,
  listNames,
  type NumberRange,
} from './scalars.ts';
import type { Scope } from './scope.ts';

/** Decodes one value. Reports to `scope` and gives undefined when it cannot. */
export type Decoder<T> = (json: unknown, scope: Scope) => T | undefined;

export class MessageReader {
  readonly scope: Scope;
  readonly #json: Readonly<Record<string, unknown>>;
  readonly #known = new Set<string>();
  readonly #used = new Set<string>();
  /** Documents made by machines have proto names only; then no lowerCamel name need be made. */
  readonly #hasCamelKeys: boolean;

  private constructor(json: Readonly<Record<string, unknown>>, scope: Scope) {
    this.#json = json;
    this.scope = scope;
    this.#hasCamelKeys = Object.keys(json).some((key) => /[A-Z]/.test(key));
  }

  /** Undefined, and a problem, when `json` is not an object. */
  static open(json: unknown, scope: Scope): MessageReader | undefined {
    if (isObject(json)) return new MessageReader(json, scope);
    scope.error(`is ${describe(json)}, must be an object`);
    return undefined;
  }

  /** Whether the field is there. Asking makes it known but not read. */
  has(name: string): boolean {
    return this.#find(name) !== undefined;
  }

  string(name: string, fallback: string): string;
  string(name: string): string | undefined;
  string(name: string, fallback?: string): string | undefined {
    return this.read(name, decodeString) ?? fallback;
  }

  boolean(name: string, fallback: boolean): boolean;
  boolean(name: string): boolean | undefined;
  boolean(name: string, fallback?: boolean): boolean | undefined {
    return this.read(name, decodeBoolean) ?? fallback;
  }

  uint32(name: string, fallback: number, range?: NumberRange): number;
  uint32(name: string, fallback?: undefined, range?: NumberRange): number | undefined;
  uint32(name: string, fallback?: number, range: NumberRange = {}): number | undefined {
    return this.read(name, (json, scope) => decodeUint32(json, scope, range)) ?? fallback;
  }

  integer(name: string, range: NumberRange = {}): number | undefined {
    return this.read(name, (json, scope) => decodeInteger(json, scope, range));
  }

  number(name: string, fallback: number, range: NumberRange = {}): number {
    return this.read(name, (json, scope) => decodeNumber(json, scope, range)) ?? fallback;
  }

  /** A `google.protobuf.Duration`, in ms. */
  durationMs(name: string, fallback: number): number;
  durationMs(name: string): number | undefined;
  durationMs(name: string, fallback?: number): number | undefined {
    return this.read(name, decodeDurationMs) ?? fallback;
  }

  enum<Name extends string>(name: string, names: readonly Name[], fallback: Name): Name {
    return this.read(name, (json, scope) => decodeEnum(json, scope, names)) ?? fallback;
  }

  strings(name: string): readonly string[] {
    return this.list(name, decodeString);
  }

  /** A field that must be there and not be empty. Gives '' after reporting, so that the rest is still looked at. */
  requiredString(name: string): string {
    if (!this.has(name)) {
      this.scope.at(name).error('is required');
      return '';
    }
    return this.read(name, decodeNonEmptyString) ?? '';
  }

  /** A field that must be there, decoded by `decode`. */
  required<T>(name: string, decode: Decoder<T>): T | undefined {
    if (!this.has(name)) {
      this.scope.at(name).error('is required');
      return undefined;
    }
    return this.read(name, decode);
  }

  /** Any field, decoded by `decode`; undefined when it is not there. */
  read<T>(name: string, decode: Decoder<T>): T | undefined {
    const key = this.#find(name);
    if (key === undefined) return undefined;
    this.#used.add(key);
    return decode(this.#json[key], this.scope.at(name));
  }

  /** A repeated field. Elements that cannot be decoded are reported and left out. */
  list<T>(name: string, decode: Decoder<T>): readonly T[] {
    return this.read(name, (json, scope) => decodeList(json, scope, decode)) ?? [];
  }

  /** A map field, in the order of the document. */
  map<T>(name: string, decode: Decoder<T>): ReadonlyMap<string, T> {
    return this.read(name, (json, scope) => decodeMap(json, scope, decode)) ?? new Map<string, T>();
  }

  /**
   * Which member of a oneof is there. Several is an error, and so is none when `required`; both give undefined.
   */
  oneof<Name extends string>(names: readonly Name[], required: boolean): Name | undefined {
    const present = names.filter((name) => this.has(name));
    if (present.length === 1) return present[0];
    if (present.length > 1) this.scope.error(`has ${present.join(' and ')}, of which only one may be set`);
    else if (required) this.scope.error(`must have ${listNames(names)}`);
    return undefined;
  }

  /** Fields that only tune or observe: accepted, named once in a warning, without effect. */
  ignore(names: readonly string[]): void {
    for (const name of names) {
      const key = this.#find(name);
      if (key === undefined) continue;
      this.#used.add(key);
      this.scope.at(name).warn('is ignored: outside our subset, and only tunes or observes');
    }
  }

  /** Fields that would change who may pass or where traffic goes: an error rather than a surprise. */
  refuse(names: readonly string[], reason = 'outside our subset'): void {
    for (const name of names) {
      const key = this.#find(name);
      if (key === undefined) continue;
      this.#used.add(key);
      if (saysNothing(this.#json[key])) continue;
      this.scope.at(name).error(`is not supported: ${reason}, and it would change what happens to traffic`);
    }
  }

  /** A field of which only one value, usually its default, is supported. */
  only(name: string, allowed: string | boolean): void {
    this.read(name, (json, scope) => {
      if (json !== allowed) scope.error(`is ${describe(json)}, must be ${allowed}: anything else is outside our subset`);
      return true;
    });
  }

  /** Reports every key that nobody asked for. Call when all fields have been read. */
  done(): void {
    for (const key of Object.keys(this.#json)) {
      if (this.#used.has(key) || this.#json[key] === null || key === '@type') continue;
      const snake = toSnakeCase(key);
      if (this.#known.has(snake)) continue; // asked for with has(); the decoder has decided not to read it
      const near = nearestName(snake, this.#known);
      this.scope.at(key).unknown(`is not a field here${near === undefined ? '' : `; did you mean ${near}?`}`);
    }
  }

  /** The key under which a field stands in the document. */
  #find(name: string): string | undefined {
    this.#known.add(name);
    const snake = this.#json[name] ?? undefined;
    if (!this.#hasCamelKeys) return snake === undefined ? undefined : name;
    const camelName = toCamelCase(name);
    const camel = camelName === name ? undefined : (this.#json[camelName] ?? undefined);
    if (snake !== undefined && camel !== undefined && !this.#used.has(camelName)) {
      this.#used.add(camelName);
      this.scope.at(camelName).error(`is set, and so is ${name}: they are the same field`);
    }
    if (snake !== undefined) return name;
    return camel === undefined ? undefined : camelName;
  }
}

/** Decodes a JSON list. A single value where a list belongs is reported, not wrapped. */
export function decodeList<T>(json: unknown, scope: Scope, decode: Decoder<T>): readonly T[] | undefined {
  if (!Array.isArray(json)) {
    scope.error(`is ${describe(json)}, must be a list`);
    return undefined;
  }
  const values: T[] = [];
  json.forEach((element: unknown, index) => {
    const value = decode(element, scope.at(index));
    if (value !== undefined) values.push(value);
  });
  return values;
}

function decodeMap<T>(json: unknown, scope: Scope, decode: Decoder<T>): ReadonlyMap<string, T> | undefined {
  if (!isObject(json)) {
    scope.error(`is ${describe(json)}, must be an object`);
    return undefined;
  }
  const values = new Map<string, T>();
  for (const [key, element] of Object.entries(json)) {
    const value = decode(element, scope.at(key));
    if (value !== undefined) values.set(key, value);
  }
  return values;
}

/** Values that mean the same as leaving the field out. An empty object does not: that a message is there may matter. */
function saysNothing(json: unknown): boolean {
  return json === false || json === '' || json === 0 || (Array.isArray(json) && json.length === 0);
}

/** A JSON object: neither null nor a list. */
export function isObject(json: unknown): json is Readonly<Record<string, unknown>> {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

function toCamelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

function toSnakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
