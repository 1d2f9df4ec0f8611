/**
 * The part of JSONPath that printer columns use: `.a.b`, `['a.b']`, `.a['b\.c']`, `[0]`, `[*]` and
 * `[?(@.type=='Ready')]`. Compiled once per definition.
 */
import type { Json } from '../json.ts';
import { isObject } from '../json.ts';

export type JsonPath = (value: Json) => Json[];

type Step = (value: Json) => Json[];

/** Undefined when the text is not a path of this kind. */
export function compileJsonPath(text: string): JsonPath | undefined {
  const steps: Step[] = [];
  let rest = text.trim().replace(/^\{(.*)\}$/s, '$1').replace(/^\$/, '');
  while (rest !== '') {
    const parsed = parseStep(rest);
    if (!parsed) return undefined;
    steps.push(parsed.step);
    rest = rest.slice(parsed.length);
  }
  return (value) => {
    let found: Json[] = [value];
    for (const step of steps) found = found.flatMap(step);
    return found;
  };
}

function parseStep(text: string): { step: Step; length: number } | undefined {
  const field = /^\.((?:\\.|[^.[\]\\])+)/.exec(text);
  if (field?.[1] !== undefined) return { step: fieldStep(unescape(field[1])), length: field[0].length };
  const quoted = /^\.?\[(['"])((?:\\.|(?!\1).)*)\1\]/s.exec(text);
  if (quoted?.[2] !== undefined) return { step: fieldStep(unescape(quoted[2])), length: quoted[0].length };
  const index = /^\.?\[(-?\d+)\]/.exec(text);
  if (index) return { step: indexStep(Number(index[1])), length: index[0].length };
  const all = /^\.?\[\*\]|^\.\*/.exec(text);
  if (all) return { step: itemsOf, length: all[0].length };
  const filter = /^\.?\[\?\(@((?:\.[\w-]+)+)\s*(==|!=)\s*(?:'([^']*)'|"([^"]*)"|([^)\s]+))\)\]/.exec(text);
  if (!filter) return undefined;
  const [whole, path = '', operator, single, double, bare] = filter;
  return { step: filterStep(path, operator !== '!=', single ?? double ?? bare ?? ''), length: whole.length };
}

function fieldStep(name: string): Step {
  return (value) => (isObject(value) && Object.hasOwn(value, name) ? [value[name] as Json] : []);
}

function indexStep(index: number): Step {
  return (value) => {
    const item = Array.isArray(value) ? value.at(index) : undefined;
    return item === undefined ? [] : [item];
  };
}

function filterStep(path: string, wanted: boolean, text: string): Step {
  const inner = compileJsonPath(path);
  return (value) => itemsOf(value).filter((item) => inner?.(item).some((found) => String(found) === text) === wanted);
}

function itemsOf(value: Json): Json[] {
  if (Array.isArray(value)) return value;
  return isObject(value) ? Object.values(value) : [];
}

function unescape(text: string): string {
  return text.replaceAll(/\\(.)/gs, '$1');
}
