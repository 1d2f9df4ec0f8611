/**
 * Reads objects from YAML or JSON files. Every problem names its file, line and column, and the problems of
 * all files are found in one go; a file with a problem gives none of its objects.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Position, Problem } from '@sluice/kernel';
import { LineCounter, parseAllDocuments, visit, type Document } from 'yaml';
import { offsetOf } from './position-of.ts';

export interface Manifest {
  readonly file: string;
  readonly object: ManifestObject;
  /** Where the field at a path stands, or the field around it; the empty path is the object itself. */
  positionOf(path: string): Position;
}

/** An object as far as it must be known to send it to the right place. */
export interface ManifestObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
}

export interface ManifestsRead {
  readonly manifests: readonly Manifest[];
  readonly problems: readonly Problem[];
}

/** The `.yaml`, `.yml` and `.json` files that `path` means: itself, or those directly in the folder, by name. */
export function manifestFiles(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .filter((name) => /\.(ya?ml|json)$/.test(name) && name !== 'package.json' && name !== 'tsconfig.json')
    .sort()
    .map((name) => join(path, name))
    // A folder may have such a name, and a link may lead nowhere.
    .filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile() ?? false);
}

export function readManifests(files: readonly string[]): ManifestsRead {
  const manifests: Manifest[] = [];
  const problems: Problem[] = [];
  for (const file of files) {
    const read = parseManifests(readFileSync(file, 'utf8'), file);
    if (read.problems.length === 0) manifests.push(...read.manifests);
    problems.push(...read.problems);
  }
  return { manifests, problems };
}

/** @param file named in problems; not opened */
export function parseManifests(text: string, file: string): ManifestsRead {
  const lines = new LineCounter();
  const parsed = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false });
  // An empty file parses to an object that says so instead of a list.
  const documents = (Array.isArray(parsed) ? parsed : []) as Document.Parsed[];
  const manifests: Manifest[] = [];
  const problems: Problem[] = [];
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col };
  };
  for (const document of documents) {
    for (const { message, pos } of document.errors) {
      problems.push({ path: '', message: lowerFirst(message), severity: 'error', position: at(pos[0]) });
    }
    if (document.errors.length > 0 || document.contents === null) continue;
    const start = document.contents.range?.[0] ?? 0;
    const dangling = danglingAliases(document);
    for (const { name, offset } of dangling) {
      problems.push({ path: '', message: `*${name} stands for nothing: no &${name} before it`, severity: 'error', position: at(offset) });
    }
    if (dangling.length > 0) continue;
    const object = readValue(document);
    if (object instanceof Error) {
      problems.push({ path: '', message: lowerFirst(object.message), severity: 'error', position: at(start) });
      continue;
    }
    // Between two separators there may be nothing but a comment.
    if (object === null) continue;
    const missing = missingFields(object);
    if (missing.length > 0) {
      problems.push({
        path: '',
        message: `not an object of the Kubernetes API: missing ${missing.join(', ')}`,
        severity: 'error',
        position: at(start),
      });
      continue;
    }
    manifests.push({ file, object: object as ManifestObject, positionOf: (path) => at(offsetOf(document, path)) });
  }
  return { manifests, problems };
}

/** Aliases that no anchor goes before: the parser lets them pass and fails when the value is asked for. */
function danglingAliases(document: Document.Parsed): { readonly name: string; readonly offset: number }[] {
  const found: { readonly name: string; readonly offset: number }[] = [];
  visit(document, {
    Alias: (_key, alias) => {
      if (alias.resolve(document) === undefined) found.push({ name: alias.source, offset: alias.range?.[0] ?? 0 });
    },
  });
  return found;
}

/** The value, or why there is none: aliases of aliases that would grow without end. */
function readValue(document: Document.Parsed): unknown {
  try {
    return document.toJS();
  } catch (reason) {
    return reason instanceof Error ? reason : new Error(String(reason));
  }
}

function missingFields(object: unknown): string[] {
  const found = (typeof object === 'object' && object !== null ? object : {}) as Record<string, unknown>;
  const metadata = (typeof found['metadata'] === 'object' && found['metadata'] !== null ? found['metadata'] : {}) as Record<string, unknown>;
  const missing: string[] = [];
  if (typeof found['apiVersion'] !== 'string') missing.push('apiVersion');
  if (typeof found['kind'] !== 'string') missing.push('kind');
  if (typeof metadata['name'] !== 'string') missing.push('metadata.name');
  return missing;
}

function lowerFirst(message: string): string {
  return message.slice(0, 1).toLowerCase() + message.slice(1);
}
