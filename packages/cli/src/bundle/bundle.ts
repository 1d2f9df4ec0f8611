/**
 * Executables as files: what is ours in one that always runs and one that holds the rest (`parts.ts`), libraries in files of their own, read
 * by whoever needs them. A sidecar starts with every pod, and this starts in a tenth of the time of the hundreds of files it is made of. The
 * files are CommonJS: Node loads that synchronously, and what is taken from its own modules is looked up in them directly.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { build, type BuildOptions } from 'esbuild';
import { lateBuiltins } from './late-builtins.ts';
import { LibrariesApart } from './libraries-apart.ts';
import { findParts } from './parts.ts';
import { restEntry, useShared } from './rest-apart.ts';
import { forgetFormer, starterOf, wrap } from './starter.ts';
import { ThreadEntries } from './thread-entries.ts';

const options: BuildOptions = {
  // Wherever this is run, the text is the same; and names of files are of this folder, see `rest-apart.ts`.
  absWorkingDir: import.meta.dirname,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node24',
  sourcemap: false,
  // Names stay, for stack traces. Comments go: one that is not Latin-1 makes V8 keep the whole text in two bytes a letter (2.4 MiB of a
  // proxy's private memory).
  minifyWhitespace: true,
  charset: 'ascii',
  legalComments: 'none',
  logLevel: 'silent',
  loader: { '.json': 'copy', '.proto': 'copy' },
};

export interface BundleOptions {
  /** Gets the files that were taken, ours and those of libraries, absolute. */
  readonly inputs?: Set<string>;
  /** Libraries that bundles before have made, by what they were made from: given to several bundles, it spares all but the first the work. */
  readonly libraries?: Map<string, BundledLibrary>;
}

export interface BundledLibrary {
  readonly text: Uint8Array;
  /** What it reads beside itself: name and content. */
  readonly beside: readonly (readonly [string, Uint8Array])[];
  readonly inputs: readonly string[];
}

/** Bundles `entry`, an absolute path, into `<target>/<name>.cjs`, with what it loads beside it, and gives that path. */
export async function bundle(name: string, entry: string, target: string, { inputs, libraries: made = new Map() }: BundleOptions = {}): Promise<string> {
  const folder = resolve(target);
  await mkdir(folder, { recursive: true });
  const libraries = new LibrariesApart(name);
  const threads = new ThreadEntries(name);
  const texts = await bundleOurs(name, entry, folder, libraries, threads, inputs);
  for (const thread of threads.found()) {
    if (texts.some((text) => text.includes(thread.name))) texts.push(...(await bundleOurs(thread.name, thread.entry, folder, libraries, threads, inputs)));
  }
  for (const { file, contents } of libraries.found()) {
    if (!texts.some((text) => text.includes(file))) continue;
    let library = made.get(contents);
    if (!library) made.set(contents, (library = await bundleLibrary(contents, folder)));
    for (const [name, content] of [[file, library.text] as const, ...library.beside]) await writeFile(join(folder, name), content);
    for (const input of library.inputs) inputs?.add(input);
  }
  return join(folder, `${name}.cjs`);
}

async function bundleLibrary(contents: string, folder: string): Promise<BundledLibrary> {
  const outfile = join(folder, 'library.cjs');
  const { metafile, outputFiles } = await build({ ...options, metafile: true, write: false, stdin: { contents, resolveDir: folder, loader: 'js' }, outfile });
  return {
    text: outputFiles.find(({ path }) => path === outfile)?.contents ?? new Uint8Array(),
    beside: outputFiles.filter(({ path }) => path !== outfile).map((output) => [relative(folder, output.path), output.contents] as const),
    inputs: Object.keys(metafile.inputs).filter(isFile).map((input) => resolve(import.meta.dirname, input)),
  };
}

/** What is ours: `<name>-code.cjs`, which always runs, `<name>-rest.cjs`, and `<name>.cjs`, which starts the first. Gives the texts of both. */
async function bundleOurs(name: string, entry: string, folder: string, libraries: LibrariesApart, threads: ThreadEntries, inputs: Set<string> | undefined): Promise<string[]> {
  const [starter, code, rest] = [`${name}.cjs`, `${name}-code.cjs`, `${name}-rest.cjs`];
  const ours: BuildOptions = {
    ...options,
    // `import()` of what is beside it is no matter for Node's loader of ES modules.
    supported: { 'dynamic-import': false },
    define: { 'import.meta.url': 'here.url', 'import.meta.dirname': '__dirname' },
    banner: { js: `const here={get url(){return require("node:url").pathToFileURL(__filename).href}};${lateBuiltins}` },
    plugins: [libraries.plugin, threads.plugin],
  };
  const plugins = ours.plugins ?? [];
  const parts = await findParts({ ...ours, outfile: join(folder, code) }, entry, folder, rest);
  const { metafile } = await build({ ...ours, metafile: true, stdin: { contents: restEntry(parts), resolveDir: folder, loader: 'js' }, outfile: join(folder, rest), plugins: [useShared(parts, starter), ...plugins] });
  for (const input of parts.eager) if (isFile(relative(import.meta.dirname, input))) inputs?.add(input);
  for (const input of Object.keys(metafile.inputs)) if (isFile(input)) inputs?.add(resolve(import.meta.dirname, input));
  const wrapped = wrap(parts.text);
  await writeFile(join(folder, code), wrapped);
  await writeFile(join(folder, starter), starterOf(code, wrapped));
  await forgetFormer(folder, code, wrapped);
  return [wrapped, await readFile(join(folder, rest), 'utf8')];
}

/** Others stand for what a plugin makes: `library:undici`, `<stdin>`. */
function isFile(input: string): boolean {
  return !/^(<|[\w-]+:)/.test(input);
}
