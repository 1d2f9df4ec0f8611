/** Whether a value has the shape that its type says: what is read out of an API has been checked by nobody. */
import { problem, type Problem } from '@sluice/kernel';

/** What is wrong with the value at `path`, the first thing only. What is absent is right, but see `required`. */
export type Shape = (value: unknown, path: string) => Problem | undefined;

export const text = shapeOf('text', (value) => typeof value === 'string');

export const flag = shapeOf('true or false', (value) => typeof value === 'boolean');

export const count = shapeOf('a whole number from 0', (value) => Number.isSafeInteger(value) && Number(value) >= 0);

export const number = shapeOf('a whole number', (value) => Number.isSafeInteger(value));

export function countUpTo(most: number): Shape {
  return shapeOf(`a whole number from 0 to ${most}`, (value) => count(value, '') === undefined && Number(value) <= most);
}

export function oneOf(...words: readonly string[]): Shape {
  return shapeOf(words.join(' or '), (value) => words.includes(value as string));
}

export function list(item: Shape): Shape {
  const isList = shapeOf('a list', Array.isArray);
  return (value, path) =>
    isList(value, path) ?? first((value as readonly unknown[] | undefined) ?? [], (inner, index) => item(inner, `${path}[${index}]`));
}

/** An object with these fields, and maybe others, which nobody looks at. */
export function record(fields: Readonly<Record<string, Shape>>): Shape {
  const entries = Object.entries(fields);
  return (value, path) =>
    isObject(value, path) ??
    first(value === undefined ? [] : entries, ([name, shape]) => shape((value as Json)[name], under(path, name)));
}

/** An object whose fields have any name. */
export function mapOf(shape: Shape): Shape {
  return (value, path) =>
    isObject(value, path) ?? first(Object.entries((value as Json | undefined) ?? {}), ([name, inner]) => shape(inner, under(path, name)));
}

export function required(shape: Shape): Shape {
  return (value, path) => (value === undefined ? problem(path, 'is missing') : shape(value, path));
}

/** Go writes an empty list as null where nobody has told it not to. */
export function orNull(shape: Shape): Shape {
  return (value, path) => (value === null ? undefined : shape(value, path));
}

type Json = Readonly<Record<string, unknown>>;

const isObject = shapeOf('an object', (value) => typeof value === 'object' && value !== null && !Array.isArray(value));

function shapeOf(wanted: string, isRight: (value: unknown) => boolean): Shape {
  return (value, path) =>
    value === undefined || isRight(value) ? undefined : problem(path, `is ${inShort(value)}, must be ${wanted}`);
}

function first<T>(items: readonly T[], check: (item: T, index: number) => Problem | undefined): Problem | undefined {
  for (const [index, item] of items.entries()) {
    const found = check(item, index);
    if (found) return found;
  }
  return undefined;
}

function inShort(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  return JSON.stringify(value).slice(0, 50);
}

function under(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}
