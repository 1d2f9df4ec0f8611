/**
 * A YAML or JSON document as text, with the place of each of its values, so that a problem with a field path can be
 * shown at file, line and column. (JSON is YAML.) The library is loaded with the first document that needs it: a sidecar, which is
 * configured without a file, starts some 30 ms sooner, and so does a proxy whose file is JSON and right.
 */
import type { Position, Problem } from '@sluice/kernel';
import type * as Yaml from 'yaml';
import { offsetInJson, parseJson } from './json-source.ts';

export interface SourceDocument {
  readonly file: string;
  readonly json: unknown;
  /**
   * The same problems, in the order of the file, with the positions of what their paths name, or of the nearest
   * thing around it.
   */
  locate(problems: readonly Problem[]): readonly Problem[];
}

export type ParsedSource =
  | { readonly ok: true; readonly document: SourceDocument }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Parses one document. `file` is what messages call it. Anchors and merge keys work; duplicate keys do not. */
export async function parseSource(text: string, file: string): Promise<ParsedSource> {
  const json = parseJson(text);
  return json ? { ok: true, document: jsonDocument(text, file, json.value) } : parse(text, file, await loadYaml());
}

function jsonDocument(text: string, file: string, json: unknown): SourceDocument {
  const place = (path: string): Position => {
    const before = text.slice(0, offsetInJson(text, segmentsOf(path), (name) => [name, toCamelCase(name)]));
    const lineStart = before.lastIndexOf('\n') + 1;
    return { file, line: before.split('\n').length, column: before.length - lineStart + 1 };
  };
  return { file, json, locate: (found) => inOrder(found.map((problem) => ({ ...problem, position: problem.position ?? place(problem.path) }))) };
}

function inOrder(problems: readonly (Problem & { readonly position: Position })[]): readonly Problem[] {
  return [...problems].sort((a, b) => a.position.line - b.position.line || a.position.column - b.position.column);
}

async function loadYaml(): Promise<typeof Yaml> {
  const loaded = await import('yaml');
  // It is a CommonJS package: a bundle that is split into pieces has it under `default` only.
  return 'parseDocument' in loaded ? loaded : (loaded as { readonly default: typeof Yaml }).default;
}

function parse(text: string, file: string, yaml: typeof Yaml): ParsedSource {
  const lines = new yaml.LineCounter();
  const parseTree = () => yaml.parseDocument(text, { lineCounter: new yaml.LineCounter(), merge: true, prettyErrors: false });
  const document = yaml.parseDocument(text, { lineCounter: lines, merge: true, prettyErrors: false });
  const positionAt = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  const problems = document.errors.map(
    (error): Problem => ({
      path: '',
      message: `cannot be read as YAML: ${lowerFirst(error.message)}`,
      severity: 'error',
      position: positionAt(error.pos[0]),
    }),
  );
  if (problems.length > 0) return { ok: false, problems };
  let json: unknown;
  try {
    // The library bounds the expansion of aliases, so that a small file cannot become a large value.
    json = document.toJS();
  } catch (reason) {
    const why = lowerFirst(reason instanceof Error ? reason.message : String(reason));
    return { ok: false, problems: [{ path: '', message: `cannot be read as YAML: ${why}`, severity: 'error', position: positionAt(0) }] };
  }
  // The tree weighs ten times what the text does, and is asked for only when something is wrong: then it is still there, or made again.
  const tree = new WeakRef(document);
  const locate = (found: readonly Problem[]): readonly Problem[] => {
    if (found.length === 0) return found;
    const places = tree.deref() ?? parseTree();
    return inOrder(found.map((problem) => ({ ...problem, position: problem.position ?? positionAt(offsetOf(places, problem.path, yaml)) })));
  };
  return { ok: true, document: { file, json, locate } };
}

/** Where the value of a field path begins; of a field that is not there, where its nearest parent begins. */
function offsetOf(document: Yaml.Document.Parsed, path: string, yaml: typeof Yaml): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const segment of segmentsOf(path)) {
    const next = child(node, segment, document, yaml);
    if (next === undefined) return offset;
    offset = startOf(next.key) ?? startOf(next.value) ?? offset;
    node = next.value;
  }
  return offset;
}

/** `a.b[0]["x.y"].c` as its segments. */
function segmentsOf(path: string): readonly (string | number)[] {
  return [...path.matchAll(/\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|([^.[\]]+)/g)].map((match) => {
    if (match[1] !== undefined) return Number(match[1]);
    return match[2] === undefined ? (match[3] ?? '') : (JSON.parse(match[2]) as string);
  });
}

interface Child {
  readonly key: unknown;
  readonly value: unknown;
}

function child(
  node: unknown,
  segment: string | number,
  document: Yaml.Document.Parsed,
  { isMap, isScalar, isSeq }: typeof Yaml,
): Child | undefined {
  const target = resolveAlias(node, document);
  if (isSeq(target) && typeof segment === 'number') {
    const value = target.items[segment];
    return value === undefined ? undefined : { key: undefined, value };
  }
  if (!isMap(target)) return undefined;
  const names = typeof segment === 'string' ? [segment, toCamelCase(segment)] : [String(segment)];
  const pair = target.items.find((item) => isScalar(item.key) && names.includes(String(item.key.value)));
  return pair && { key: pair.key, value: pair.value };
}

function resolveAlias(node: unknown, document: Yaml.Document.Parsed): unknown {
  const alias = node as { readonly resolve?: (document: Yaml.Document.Parsed) => Yaml.Node | undefined } | null;
  return typeof alias?.resolve === 'function' ? alias.resolve(document) : node;
}

function startOf(node: unknown): number | undefined {
  const range = (node as { readonly range?: readonly number[] | null } | null)?.range;
  return range?.[0];
}

function toCamelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
