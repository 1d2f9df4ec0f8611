/** Keeps libraries out of the file that holds what is ours: each has a file beside it, which is read when it is needed. */
import type { OnResolveArgs, Plugin, PluginBuild } from 'esbuild';

export interface LibraryFile {
  readonly file: string;
  /** What to bundle it from. */
  readonly contents: string;
}

/** What only others than we import is bundled with whoever imports it. */
const ours = /^([./]|node:|@sluice\/)/;

/** Descriptors that are generated are as large as libraries, and as seldom needed. */
export const generated = /\/gen\/[\w-]+\.js$/;

/** What the bundler need not ask of thousands of imports: whether a neighbour is a library. */
const asked = /^[^./]|\/gen\/[\w-]+\.js$/;

export class LibrariesApart {
  readonly plugin: Plugin;
  readonly #name: string;
  /** File → what is imported from it → where that is. */
  readonly #files = new Map<string, Map<string, string>>();

  constructor(name: string) {
    this.#name = name;
    this.plugin = { name: 'libraries-apart', setup: (build) => this.#setUp(build) };
  }

  found(): readonly LibraryFile[] {
    return [...this.#files].map(([file, modules]) => ({
      file,
      contents: [...modules].map(([specifier, path]) => `exports[${JSON.stringify(specifier)}] = require(${JSON.stringify(path)});`).join('\n'),
    }));
  }

  #setUp(build: PluginBuild): void {
    build.onResolve({ filter: asked }, async (args) => {
      if (args.pluginData === 'resolving' || args.kind === 'entry-point' || (ours.test(args.path) && !generated.test(args.path))) return undefined;
      const { path, external, errors } = await build.resolve(args.path, { ...resolvedAs(args), pluginData: 'resolving' });
      if (external || errors.length > 0) return { path, external, errors };
      const specifier = generated.test(args.path) ? args.path.slice(args.path.lastIndexOf('/') + 1) : args.path;
      const file = this.#fileOf(specifier);
      this.#modulesIn(file).set(specifier, path);
      return { path: specifier, namespace: 'library', pluginData: file };
    });
    build.onLoad({ filter: /./, namespace: 'library' }, ({ path, pluginData }) => ({
      contents: `module.exports = require(${JSON.stringify(`./${String(pluginData)}`)})[${JSON.stringify(path)}];`,
      loader: 'js',
    }));
    // The files themselves.
    build.onResolve({ filter: /./, namespace: 'library' }, ({ path }) => ({ path, external: true }));
  }

  /** Packages of one family share what they are made of, and so a file. */
  #fileOf(specifier: string): string {
    return `${this.#name}-${specifier.replace(/^@/, '').split('/', 1)[0]}.cjs`.replace('.js.cjs', '.cjs');
  }

  #modulesIn(file: string): Map<string, string> {
    let modules = this.#files.get(file);
    if (!modules) this.#files.set(file, (modules = new Map<string, string>()));
    return modules;
  }
}

function resolvedAs({ resolveDir, importer, kind, namespace }: OnResolveArgs) {
  return { resolveDir, importer, kind, namespace };
}
