/** The last words of a launcher: a line of shell that turns it into the program. */
import { accessSync, constants, statSync, type Stats } from 'node:fs';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import type { ProcessSpec } from './process-runner.ts';

export type LaunchScript =
  | { readonly kind: 'script'; readonly text: string; /** Where the program starts. */ readonly folder: string }
  /** There is nothing to run; the message says why. */
  | { readonly kind: 'impossible'; readonly message: string };

/**
 * Checks what can be checked before, so that a program that is not there gives a sentence instead of a shell's
 * exit code, and quotes everything else.
 *
 * @param programFolder where relative working directories begin
 */
export function launchScript({ argv, env, workingDir = '.', wrapper, niceness = 0 }: ProcessSpec, programFolder: string): LaunchScript {
  const [program, ...args] = argv;
  if ([...argv, ...Object.values(env)].some((text) => text.includes('\0'))) {
    return { kind: 'impossible', message: 'a zero byte in an argument or a variable' };
  }
  const folder = resolve(programFolder, workingDir);
  if (!isDirectory(folder)) return { kind: 'impossible', message: `working directory ${folder} does not exist` };
  // What a wrapper leads into has files of its own.
  const path: FoundProgram = wrapper && isAbsolute(program) ? { kind: 'found', path: program } : findProgram(program, env.PATH ?? '', folder);
  if (path.kind === 'impossible') return path;
  const entries = Object.entries(env);
  const exported = entries.filter(([name]) => isIdentifier(name)).map(([name, value]) => `export ${name}=${quote(value)}`);
  // Names such as `my.key` are fine in an environment, but a shell cannot hold them.
  const others = entries.filter(([name]) => !isIdentifier(name)).map(([name, value]) => quote(`${name}=${value}`));
  const command = [...(wrapper ?? []).map(quote), ...niceCommand(niceness, env.PATH ?? '', folder).map(quote), ...(others.length > 0 ? ['/usr/bin/env', ...others] : []), ...[path.path, ...args].map(quote)];
  const lines = [
    `cd ${quote(folder)} || exit 126`,
    // Shells set these for themselves; nobody asked for them.
    'unset PWD OLDPWD SHLVL',
    ...exported,
    // Where the kernel shares the machine out by session, `nice` alone counts for nothing: each program leads a session of its own.
    ...(niceness > 0 ? [`{ echo ${niceness} >/proc/self/autogroup; } 2>/dev/null`] : []),
    `exec ${command.join(' ')} </dev/null`,
  ];
  return { kind: 'script', text: `${lines.join('\n')}\n`, folder };
}

/** Without the tool it runs like any other. */
function niceCommand(niceness: number, searchPath: string, folder: string): readonly string[] {
  const nice = niceness > 0 ? findProgram('nice', searchPath, folder) : undefined;
  return nice?.kind === 'found' ? [nice.path, '-n', String(niceness)] : [];
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function isIdentifier(name: string): boolean {
  return /^[A-Za-z_]\w*$/.test(name);
}

function isDirectory(path: string): boolean {
  return statOf(path)?.isDirectory() ?? false;
}

/** Undefined also for what may not be looked at: a search goes on behind it, as execvp's does. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

type FoundProgram = { readonly kind: 'found'; readonly path: string } | { readonly kind: 'impossible'; readonly message: string };

/** As execvp does it: a name with a slash is a path, any other is looked up. */
function findProgram(program: string, searchPath: string, folder: string): FoundProgram {
  const candidates = program.includes('/')
    ? [isAbsolute(program) ? program : resolve(folder, program)]
    : searchPath.split(delimiter).map((entry) => join(resolve(folder, entry), program));
  const files = candidates.filter((path) => statOf(path)?.isFile() === true);
  const path = files.find(isExecutable);
  if (path !== undefined) return { kind: 'found', path };
  const message = files.length > 0 ? `program "${program}" may not be executed` : `program "${program}" not found`;
  return { kind: 'impossible', message };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
