/** The tree as the tidy tests see it: packages, their manifests, and the source files git would keep. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** Every file git tracks or would track, relative to the root. */
export const files: readonly string[] = execFileSync(
  'git',
  ['ls-files', '--cached', '--others', '--exclude-standard'],
  { cwd: root, encoding: 'utf8', maxBuffer: 64 << 20 },
)
  .split('\n')
  .filter((name) => name !== '' && existsSync(join(root, name)));

export function read(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}

/** Folder → package name, for all workspace packages. */
export const packages: ReadonlyMap<string, string> = new Map(
  files
    .filter((file) => /^packages\/(apps\/)?[^/]+\/package\.json$/.test(file))
    .map((file) => [dirname(file), (JSON.parse(read(file)) as { name: string }).name]),
);

/** Source files of a package folder; tests and the `testing` entry count only when asked for. */
export function sources(folder: string, { tests = false } = {}): string[] {
  return files.filter((file) => {
    if (!file.startsWith(`${folder}/src/`) || !file.endsWith('.ts')) return false;
    if (file.includes('/src/gen/')) return false;
    return tests || !(file.endsWith('.test.ts') || file.includes('/testing/') || file.includes('/testdata/'));
  });
}

/** What a file imports or re-exports, types included. */
export function importsOf(file: string): { readonly specifier: string; readonly line: number }[] {
  const found: { specifier: string; line: number }[] = [];
  const text = read(file);
  const pattern = /(?:^|\n)\s*(?:import|export)\b[^'"`;]*?from\s*['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]|(?:^|\n)import\s+['"]([^'"]+)['"]/g;
  for (const match of text.matchAll(pattern)) {
    const specifier = match[1] ?? match[2] ?? match[3];
    if (specifier === undefined) continue;
    found.push({ specifier, line: text.slice(0, match.index).split('\n').length + 1 });
  }
  return found;
}

/** Source text with comments and strings blanked out, line structure kept, so that words can be looked for. */
export function codeOnly(text: string): string {
  return text.replace(
    /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/g,
    (matched) => matched.replace(/[^\n]/g, ' '),
  );
}

export function where(file: string, line: number): string {
  return `${relative('.', file)}:${line}`;
}
