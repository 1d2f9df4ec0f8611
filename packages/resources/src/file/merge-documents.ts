/**
 * Several documents as one, merged as protobuf merges messages: objects field by field, lists one after the other, of
 * other values the last. Every part keeps knowing the document it came from, so that problems are shown there.
 */
import type { Problem } from '@sluice/kernel';
import type { SourceDocument } from './source-document.ts';

export interface MergeOptions {
  /** Whether a later document may replace a value of an earlier one; else two different values are a problem. */
  readonly overrides: boolean;
}

export interface MergedDocument {
  readonly document: SourceDocument;
  /** Values that two documents give, where that is not allowed. */
  readonly problems: readonly Problem[];
}

/** Where a part of the merged value came from. */
interface Origin {
  readonly document: SourceDocument;
  readonly path: string;
}

type Fields = Readonly<Record<string, unknown>>;

/** @param documents at least one */
export function mergeDocuments(documents: readonly SourceDocument[], { overrides }: MergeOptions): MergedDocument {
  const [first, ...rest] = documents;
  if (!first) throw new RangeError('there is nothing to merge');
  if (rest.length === 0) return { document: first, problems: [] };
  const merge = new Merge(overrides, first);
  const json = rest.reduce<unknown>((merged, document) => merge.into(merged, document.json, '', { document, path: '' }), first.json);
  const locate = (problems: readonly Problem[]): readonly Problem[] => problems.flatMap((found) => merge.locate(found));
  return { document: { file: documents.map(({ file }) => file).join(' + '), json, locate }, problems: locate(merge.conflicts) };
}

class Merge {
  readonly conflicts: Problem[] = [];
  readonly #overrides: boolean;
  readonly #first: SourceDocument;
  readonly #origins = new Map<string, Origin>();

  constructor(overrides: boolean, first: SourceDocument) {
    this.#overrides = overrides;
    this.#first = first;
  }

  into(target: unknown, source: unknown, path: string, origin: Origin): unknown {
    if (source === undefined || source === null) return target;
    if (isFields(target) && isFields(source)) return this.#fields(target, source, path, origin);
    if (Array.isArray(target) && Array.isArray(source)) {
      source.forEach((_, index) => this.#origins.set(`${path}[${target.length + index}]`, under(origin, `[${index}]`)));
      return [...(target as readonly unknown[]), ...(source as readonly unknown[])];
    }
    if (!this.#overrides && target !== undefined && target !== null && JSON.stringify(target) !== JSON.stringify(source)) {
      const { position } = this.#locateOne({ path, message: '', severity: 'error' });
      const before = position ? ` by ${position.file}:${position.line}` : '';
      this.conflicts.push({ path, message: `is given${before} already, with another value`, severity: 'error' });
    }
    this.#origins.set(path, origin);
    return source;
  }

  locate(found: Problem): readonly Problem[] {
    return [this.#locateOne(found)];
  }

  #fields(target: Fields, source: Fields, path: string, origin: Origin): Fields {
    const merged: Record<string, unknown> = { ...target };
    for (const [name, value] of Object.entries(source)) {
      // One field has two spellings; the one that came first stays.
      const known = Object.hasOwn(target, name) ? name : (Object.keys(target).find((other) => toSnakeCase(other) === toSnakeCase(name)) ?? name);
      const at = path === '' ? toSnakeCase(known) : `${path}.${toSnakeCase(known)}`;
      merged[known] = this.into(target[known], value, at, under(origin, origin.path === '' ? name : `.${name}`));
    }
    return merged;
  }

  /** By the longest known beginning of its path. */
  #locateOne(found: Problem): Problem {
    if (found.position) return found;
    for (let length = found.path.length; length >= 0; length = lastJoint(found.path, length)) {
      const origin = this.#origins.get(found.path.slice(0, length));
      if (!origin) continue;
      const [located] = origin.document.locate([{ ...found, path: `${origin.path}${found.path.slice(length)}` }]);
      return { ...found, ...(located?.position ? { position: located.position } : {}) };
    }
    return this.#first.locate([found])[0] ?? found;
  }
}

function under({ document, path }: Origin, segment: string): Origin {
  return { document, path: `${path}${segment}` };
}

/** Where the path before `length` ends without its last segment; -1 when it has none. */
function lastJoint(path: string, length: number): number {
  if (length === 0) return -1;
  return Math.max(path.lastIndexOf('.', length - 1), path.lastIndexOf('[', length - 1), 0);
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function toSnakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
