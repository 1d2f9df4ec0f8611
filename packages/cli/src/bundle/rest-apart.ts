/**
 * The two files of an executable, and how they meet: the first asks the second for a module when it is imported; the second takes from the
 * first what that has already, so that nothing is there twice.
 */
import { join, relative } from 'node:path';
import { build, type BuildOptions, type Plugin } from 'esbuild';
import { generated } from './libraries-apart.ts';

/** Files of the first, and those it imports lazily, which are in the second. Absolute. */
export interface Border {
  readonly eager: ReadonlySet<string>;
  readonly roots: ReadonlySet<string>;
}

/** As both call a module, in code and in its labels. Says nothing of the machine it is bundled on. */
function nameOf(path: string): string {
  return relative(import.meta.dirname, path);
}

/** The file of a module that is called so. */
export function fileOf(name: string): string {
  return join(import.meta.dirname, name);
}

/** Of modules that stand for one of the second file. */
export const restNamespace = 'rest';

/** For the first file: `executable` is what `contents` gives, and what is imported lazily comes out of the second. */
export function askRest(entry: string, contents: () => string, isInRest: (file: string) => boolean, restFile: string): Plugin {
  return {
    name: 'ask-rest',
    setup(build) {
      build.onResolve({ filter: /^executable$/ }, ({ path, resolveDir }) => ({ path, namespace: 'executable', sideEffects: true, pluginData: resolveDir }));
      build.onLoad({ filter: /./, namespace: 'executable' }, ({ pluginData }) => ({ contents: contents(), resolveDir: String(pluginData), loader: 'js' }));
      // Whatever its package says, it is there for what it does.
      build.onResolve({ filter: /./, namespace: 'executable' }, ({ path }) => (path === entry ? { path, sideEffects: true } : undefined));
      build.onResolve({ filter: /^\./ }, ({ kind, path: specifier, resolveDir }) => {
        if (kind !== 'dynamic-import') return undefined;
        // What is ours is imported by the name it has.
        const path = join(resolveDir, specifier);
        return !generated.test(path) && isInRest(path) ? { path: nameOf(path), namespace: restNamespace } : undefined;
      });
      build.onLoad({ filter: /./, namespace: restNamespace }, ({ path }) => ({ contents: `module.exports = require(${JSON.stringify(`./${restFile}`)})[${JSON.stringify(path)}]();`, loader: 'js' }));
      build.onResolve({ filter: /./, namespace: restNamespace }, ({ path }) => ({ path, external: true }));
    },
  };
}

/** For the second file: a module for each that is imported lazily, evaluated when it is asked for. */
export function restEntry({ roots }: Pick<Border, 'roots'>): string {
  return [...roots].map((path) => `exports[${JSON.stringify(nameOf(path))}] = () => require(${JSON.stringify(path)});`).join('\n');
}

/** Names that the second file takes of each module of the first. */
export type Shared = ReadonlyMap<string, ReadonlySet<string>>;

/** Found by making the second file once with the modules of the first as imports that stay. */
export async function findShared(options: BuildOptions, border: Border, folder: string): Promise<Shared> {
  const { outputFiles } = await build({
    ...options,
    format: 'esm',
    minifyWhitespace: false,
    write: false,
    stdin: { contents: restEntry(border), resolveDir: folder, loader: 'js' },
    outfile: join(folder, 'rest.mjs'),
    plugins: [takeShared(border, (path) => ({ path: `shared:${path}`, external: true })), ...(options.plugins ?? [])],
  });
  const text = outputFiles?.[0]?.text ?? '';
  const imports = [...text.matchAll(/^(?:import|export) \{([^}]*)\} from "shared:([^"]+)";$/gm)];
  // One that is written in another way would be missed.
  if (imports.length !== text.split('"shared:').length - 1) throw new Error('the bundler imports in ways that are not known');
  const shared = new Map<string, Set<string>>();
  for (const [, names, path] of imports) {
    const known = shared.get(path as string) ?? new Set();
    shared.set(path as string, known);
    for (const name of (names as string).split(',')) known.add(name.trim().split(' as ')[0] as string);
  }
  return shared;
}

/** What the first file gives away: a function, so that it is made only when the second file is read. */
export function sharingEntry(entry: string, shared: Shared): string {
  const modules = [...shared].map(([path, names], module) => ({ path, names: [...names].map((name, index) => ({ name, local: `shared${module}_${index}` })) }));
  const imports = modules.map(({ path, names }) => `import { ${names.map(({ name, local }) => `${name} as ${local}`).join(', ')} } from ${JSON.stringify(path)};`);
  const members = modules.map(({ path, names }) => `${JSON.stringify(nameOf(path))}: { __esModule: true, ${names.map(({ name, local }) => `${name}: ${local}`).join(', ')} }`);
  return `import ${JSON.stringify(entry)};\n${imports.join('\n')}\nexport const shared = () => ({ ${members.join(',\n')} });`;
}

/** For the second file: modules of the first are looked up in what `starter` has loaded. */
export function useShared(border: Border, starter: string): Plugin {
  const plugin = takeShared(border, (path) => ({ path: nameOf(path), namespace: 'shared' }));
  return {
    name: plugin.name,
    setup(build) {
      void plugin.setup(build);
      build.onLoad({ filter: /./, namespace: 'shared' }, ({ path }) => ({ contents: `module.exports = require("shared-modules")[${JSON.stringify(path)}];`, loader: 'js' }));
      build.onResolve({ filter: /^shared-modules$/, namespace: 'shared' }, () => ({ path: 'shared-modules', namespace: 'shared-modules' }));
      build.onLoad({ filter: /./, namespace: 'shared-modules' }, () => ({ contents: `module.exports = require(${JSON.stringify(`./${starter}`)}).shared();`, loader: 'js' }));
      build.onResolve({ filter: /./, namespace: 'shared-modules' }, ({ path }) => ({ path, external: true }));
    },
  };
}

function takeShared({ eager }: Border, take: (path: string) => { path: string; external?: boolean; namespace?: string }): Plugin {
  return {
    name: 'take-shared',
    setup(build) {
      // Packages are imported by what only passes on, and is no more than that in each file.
      build.onResolve({ filter: /^\./ }, ({ kind, path: specifier, resolveDir }) => {
        const path = join(resolveDir, specifier);
        if (!eager.has(path)) return undefined;
        // Its names would be unknown.
        if (kind === 'dynamic-import') return { errors: [{ text: `${path} is there already: import it at once` }] };
        return take(path);
      });
    },
  };
}
