/** Runs one of the system's programs to its end. */
import { execFile } from 'node:child_process';
import { MeshError } from '@sluice/kernel';

/** Where administrators' programs are, whatever the PATH of a user says. */
export const administratorPath = '/usr/sbin:/usr/bin:/sbin:/bin';

/** Longer than any of them takes, in ms. */
const timeoutMs = 10_000;

/** @param input for its standard input @throws MeshError with what it wrote */
export function runCommand([program, ...args]: readonly [string, ...string[]], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { env: { PATH: administratorPath }, timeout: timeoutMs }, (error, stdout, stderr) => {
      if (error) reject(new MeshError('command-failed', `run ${program} ${args.join(' ')}: ${stderr.trim() || error.message}`, { cause: error }));
      else resolve(stdout);
    });
    // One that ends without reading says why by its exit.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}
