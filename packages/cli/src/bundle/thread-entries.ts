/** What threads run is no import, but a URL beside the file that starts them: each gets a bundle of its own. */
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Plugin } from 'esbuild';

export interface ThreadEntry {
  /** Of its bundle, without `.cjs`. */
  readonly name: string;
  readonly entry: string;
}

/** `new URL('thread-main.ts', import.meta.url)`. */
const threadUrl = /new URL\('([\w-]+-main)\.ts', import\.meta\.url\)/g;

export class ThreadEntries {
  readonly plugin: Plugin;
  readonly #found = new Map<string, string>();

  constructor(name: string) {
    this.plugin = {
      name: 'thread-entries',
      setup: (build) => {
        build.onLoad({ filter: /\/workers\/[\w-]+\.ts$/ }, async ({ path }) => {
          const text = await readFile(path, 'utf8');
          const contents = text.replaceAll(threadUrl, (_, file: string) => {
            const bundled = `${name}-${file}`;
            this.#found.set(bundled, join(dirname(path), `${file}.ts`));
            return `new URL('${basename(bundled)}.cjs', import.meta.url)`;
          });
          return { contents, loader: 'ts' };
        });
      },
    };
  }

  found(): readonly ThreadEntry[] {
    return [...this.#found].map(([name, entry]) => ({ name, entry }));
  }
}
