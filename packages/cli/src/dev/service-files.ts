/**
 * The user's files: applied at the start, and again whenever one is saved. A file that cannot be read keeps
 * what it said before in force, and says where it is wrong.
 */
import { type FSWatcher, readFileSync, watch } from 'node:fs';
import { statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Problem } from '@sluice/kernel';
import type { KubernetesClient } from '@sluice/kubernetes';
import { type Applied, applyManifests } from '../manifests/apply.ts';
import type { Discovery } from '../manifests/discovery.ts';
import { manifestFiles, readManifests } from '../manifests/read.ts';

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
    this.#applying = this.#applying.then(() => this.#applyChanged());
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
    const changed: string[] = [];
    for (const file of manifestFiles(path)) {
      const text = readFileSync(file, 'utf8');
      if (this.#seen.get(file) === text) continue;
      this.#seen.set(file, text);
      changed.push(file);
    }
    const { manifests, problems } = readManifests(changed);
    const result = await applyManifests(client, discovery, manifests);
    const found = [...problems, ...result.problems];
    if (found.length > 0) onProblems(found);
    for (const applied of result.applied) onApplied(applied);
  }
}
