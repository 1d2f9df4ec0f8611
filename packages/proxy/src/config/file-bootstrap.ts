/** Reads a bootstrap from a YAML or JSON file. One of the two places in this package that touch the file system. */
import { readFile } from 'node:fs/promises';
import type { Checked } from '@sluice/kernel';
import { decodeBootstrap, parseSource, type Bootstrap, type SourceDocument } from '@sluice/resources';
import type { FilterCatalog } from '../filters/filter.ts';
import { extensionsOf } from './extensions-of.ts';

export interface LoadedBootstrap {
  readonly bootstrap: Bootstrap;
  /** What it was decoded from; knows where in the file each value stands. */
  readonly document: SourceDocument;
}

/** Reads and decodes. Every problem has its place in the file. */
export async function loadBootstrapFile(path: string, filters: FilterCatalog): Promise<Checked<LoadedBootstrap>> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (reason) {
    const why = reason instanceof Error ? reason.message : String(reason);
    return { ok: false, problems: [{ path: '', message: `cannot read ${path}: ${why}`, severity: 'error' }] };
  }
  return parseBootstrap(text, path, filters);
}

/** The same for text that is there already; `file` is what messages call it. */
export async function parseBootstrap(text: string, file: string, filters: FilterCatalog): Promise<Checked<LoadedBootstrap>> {
  const parsed = await parseSource(text, file);
  if (!parsed.ok) return parsed;
  const { document } = parsed;
  const decoded = decodeBootstrap(document.json, '', { extensions: extensionsOf(filters) });
  const problems = document.locate(decoded.problems);
  return decoded.ok ? { ok: true, value: { bootstrap: decoded.value, document }, problems } : { ok: false, problems };
}
