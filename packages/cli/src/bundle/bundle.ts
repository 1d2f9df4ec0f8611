/**
 * The executables as one file each. A sidecar starts with every pod, and one file starts faster than the hundreds it is made of.
 *
 * All of ours is in that file, and what is imported lazily is evaluated lazily inside it, so that nothing of it is there twice.
 * Libraries are in files of their own, read by whoever needs them. The file is CommonJS: Node loads that synchronously, and what
 * is taken from its own modules is looked up in them directly.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { build, type BuildOptions } from 'esbuild';
import { lateBuiltins } from './late-builtins.ts';
import { LibrariesApart } from './libraries-apart.ts';
import { starterOf, wrap } from './starter.ts';
import { ThreadEntries } from './thread-entries.ts';

const options: BuildOptions = {
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

/** Bundles `entry` into `<folder>/<name>.cjs`, with what it loads beside it, and gives that path. */
export async function bundle(name: string, entry: string, folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const libraries = new LibrariesApart(name);
  const threads = new ThreadEntries(name);
  await bundleOurs(name, entry, folder, libraries, threads);
  for (const thread of threads.found()) await bundleOurs(thread.name, thread.entry, folder, libraries, threads);
  for (const { file, contents } of libraries.found()) {
    await build({ ...options, stdin: { contents, resolveDir: folder, loader: 'js' }, outfile: join(folder, file) });
  }
  return join(folder, `${name}.cjs`);
}

/** What is ours as `<name>-code.cjs`, and `<name>.cjs`, which starts it. */
async function bundleOurs(name: string, entry: string, folder: string, libraries: LibrariesApart, threads: ThreadEntries): Promise<void> {
  const code = join(folder, `${name}-code.cjs`);
  await build({
    ...options,
    entryPoints: [entry],
    outfile: code,
    // `import()` of what is in the same file, or of a library, is no matter for Node's loader of ES modules.
    supported: { 'dynamic-import': false },
    define: { 'import.meta.url': 'here.url', 'import.meta.dirname': '__dirname' },
    banner: { js: `const here={get url(){return require("node:url").pathToFileURL(__filename).href}};${lateBuiltins}` },
    plugins: [libraries.plugin, threads.plugin],
  });
  const wrapped = wrap(await readFile(code, 'utf8'));
  await writeFile(code, wrapped);
  await writeFile(join(folder, `${name}.cjs`), starterOf(basename(code), wrapped));
}
