/** Reads a bootstrap from a YAML or JSON file, a directory of them, and what the command line adds. */
import { join } from 'node:path';
import type { Checked, Problem } from '@sluice/kernel';
import { decodeBootstrap, mergeDocuments, parseSource, type Bootstrap, type SourceDocument } from '@sluice/resources';
import type { FilterCatalog } from '../filters/filter.ts';
import { loadFilters } from '../filters/late-filter.ts';
import { extensionsOf } from './extensions-of.ts';
import { readdir, readFile, stat } from './file-calls.ts';

export interface LoadedBootstrap {
  readonly bootstrap: Bootstrap;
  /** What it was decoded from; knows where in the file each value stands. */
  readonly document: SourceDocument;
  /** How many fields were left out because nobody knows them; 0 where such a file is refused. */
  readonly unknownFields: number;
}

/** Where a bootstrap comes from. At least one of `path` and `overlay` has to be there. */
export interface BootstrapInput {
  /**
   * A file, or a directory whose `.yaml`, `.yml` and `.json` files are parts of one bootstrap, merged in the order of their
   * names. Hidden files (editors' and Kubernetes' own) are left out.
   */
  readonly path?: string;
  /** YAML merged over the files, as Envoy's `--config-yaml`. */
  readonly overlay?: string;
  /** A value merged over all: what flags say. */
  readonly flags?: Readonly<Record<string, unknown>>;
  /** What a field means that nobody knows. Default `error`. */
  readonly unknownFields?: 'error' | 'warning';
}

/** Reads and decodes. Every problem has its place in the file. */
export async function loadBootstrap(input: BootstrapInput, filters: FilterCatalog): Promise<Checked<LoadedBootstrap>> {
  const files = input.path === undefined ? { ok: true as const, value: [] } : await readFiles(input.path);
  if (!files.ok) return files;
  const texts = [...files.value, ...(input.overlay === undefined ? [] : [{ file: '--config-yaml', text: input.overlay }])];
  const parsed = await Promise.all(texts.map(({ file, text }) => parseSource(text, file)));
  const unreadable = parsed.flatMap((source) => (source.ok ? [] : source.problems));
  if (unreadable.length > 0) return { ok: false, problems: unreadable };
  const documents = parsed.flatMap((source) => (source.ok ? [source.document] : []));
  const own = documents.slice(0, files.value.length);
  const merged = own.length === 0 ? undefined : mergeDocuments(own, { overrides: false });
  const overlays = [...documents.slice(own.length), ...(input.flags ? [flagsDocument(input.flags)] : [])];
  const { document } = mergeDocuments([...(merged ? [merged.document] : []), ...overlays], { overrides: true });
  return await decode(document, merged?.problems ?? [], filters, input.unknownFields);
}

/** The same for text that is there already; `file` is what messages call it. */
export async function parseBootstrap(text: string, file: string, filters: FilterCatalog, unknownFields?: 'error' | 'warning'): Promise<Checked<LoadedBootstrap>> {
  const parsed = await parseSource(text, file);
  return parsed.ok ? await decode(parsed.document, [], filters, unknownFields) : parsed;
}

async function decode(document: SourceDocument, conflicts: readonly Problem[], filters: FilterCatalog, unknownFields: 'error' | 'warning' = 'error'): Promise<Checked<LoadedBootstrap>> {
  await loadFilters(filters, document.json);
  let unknown = 0;
  const onUnknownField = (): void => void (unknown += 1);
  const decoded = decodeBootstrap(document.json, '', { extensions: extensionsOf(filters), unknownFields, onUnknownField });
  const problems = [...conflicts, ...document.locate(decoded.problems)];
  if (!decoded.ok || conflicts.length > 0) return { ok: false, problems };
  return { ok: true, value: { bootstrap: decoded.value, document, unknownFields: unknown }, problems };
}

interface SourceText {
  readonly file: string;
  readonly text: string;
}

/** The files of a bootstrap, in the order they are merged. */
export async function bootstrapFiles(path: string): Promise<readonly string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const names = (await readdir(path)).filter((name) => !name.startsWith('.') && /\.(ya?ml|json)$/.test(name)).sort();
  return names.map((name) => join(path, name));
}

async function readFiles(path: string): Promise<Checked<readonly SourceText[]>> {
  try {
    const files = await bootstrapFiles(path);
    if (files.length === 0) return unreadable(`${path} has no .yaml, .yml or .json file`);
    const value = await Promise.all(files.map(async (file) => ({ file, text: await readFile(file, 'utf8') })));
    return { ok: true, value, problems: [] };
  } catch (reason) {
    return unreadable(`cannot read ${path}: ${reason instanceof Error ? reason.message : String(reason)}`);
  }
}

function unreadable(message: string): { readonly ok: false; readonly problems: readonly Problem[] } {
  return { ok: false, problems: [{ path: '', message, severity: 'error' }] };
}

/** Flags have no lines: what is wrong with them is said to be on the command line. */
function flagsDocument(flags: Readonly<Record<string, unknown>>): SourceDocument {
  const position = { file: 'the command line', line: 1, column: 1 };
  return { file: position.file, json: flags, locate: (problems) => problems.map((found) => ({ ...found, position: found.position ?? position })) };
}
