/**
 * The user's files: applied at the start, and again whenever one is saved. A file that cannot be read keeps
 * what it said before in force, and says where it is wrong.
 */
import { type FSWatcher, readFileSync, watch } from 'node:fs';
import { statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { MeshError, problem, type Problem } from '@sluice/kernel';
import type { KubernetesClient } from '@sluice/kubernetes';
import { type Applied, applyManifests } from '../manifests/apply.ts';
import type { Discovery } from '../manifests/discovery.ts';
import { manifestFiles, parseManifests, type Manifest } from '../manifests/read.ts';

export interface ServiceFilesOptions {
  /** A file, or a folder whose `.yaml`, `.yml` and `.json` files count. */
  readonly path: string;
  readonly client: KubernetesClient;
  readonly discovery: Discovery;
  readonly onApplied: (applied: Applied) => void;
  readonly onProblems: (problems: readonly Problem[]) => void;
}

/** Editors save in several steps; this long without another one counts as saved. */
const settleMs = 80;

export class ServiceFiles {
  readonly #options: ServiceFilesOptions;
  /** File → its text when it was last looked at, so that only changed files are applied again. */
  readonly #seen = new Map<string, string>();
  #watcher: FSWatcher | undefined;
  #settling: NodeJS.Timeout | undefined;
  #applying: Promise<void> = Promise.resolve();

  constructor(options: ServiceFilesOptions) {
    this.#options = options;
  }

  /** Where relative paths of the services' programs start. */
  get folder(): string {
    const { path } = this.#options;
    return statSync(path).isDirectory() ? path : dirname(path);
  }

  /** Applies every file that has changed since the last call. */
  apply(): Promise<void> {
    // One after the other: a save during an apply is looked at afterwards, with fresh eyes.
    this.#applying = this.#applying.then(() => this.#applyChanged()).catch((reason: unknown) => {
      // The folder may be gone or the server on its way out; the next save is a new chance.
      this.#options.onProblems([problem('', `apply ${this.#options.path}: ${MeshError.from(reason).message}`)]);
    });
    return this.#applying;
  }

  /** From now on, applies on every save. */
  watch(): void {
    this.#watcher = watch(this.folder, (_event, name) => {
      if (name !== null && !/\.(ya?ml|json)$/.test(basename(name))) return;
      clearTimeout(this.#settling);
      this.#settling = setTimeout(() => void this.apply(), settleMs);
    });
  }

  close(): void {
    clearTimeout(this.#settling);
    this.#watcher?.close();
  }

  async #applyChanged(): Promise<void> {
    const { path, client, discovery, onApplied, onProblems } = this.#options;
    const manifests: Manifest[] = [];
    const problems: Problem[] = [];
    for (const file of manifestFiles(path)) {
      const text = readText(file);
      if (text === undefined || this.#seen.get(file) === text) continue;
      this.#seen.set(file, text);
      const read = parseManifests(text, file);
      problems.push(...read.problems);
      if (read.problems.length === 0) manifests.push(...read.manifests);
    }
    const result = await applyManifests(client, discovery, manifests);
    const found = [...problems, ...result.problems];
    if (found.length > 0) onProblems(found);
    for (const applied of result.applied) onApplied(applied);
  }
}

/** Undefined when it cannot be read: editors replace files, and between two looks one may be gone. */
function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
