import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { insideReady, unshareCommand } from './namespace-command.ts';

/** Where a program is. Undefined when this machine has none. */
function pathOf(program: string): string | undefined {
  return spawnSync('/bin/sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).stdout.trim() || undefined;
}

const [unshare, ...args] = unshareCommand([process.execPath, '-e', 'console.log(JSON.stringify(os.networkInterfaces().lo?.[0].address))']);
const allowed = spawnSync(unshare, args).status === 0;
if (!allowed) console.warn('namespaces are not tried: not allowed here');

/** Each alone, since the first that is there hides the others. */
const programs = ['ip', 'ifconfig', 'busybox', 'perl'].filter((program) => pathOf(program) !== undefined);

it.skipIf(!allowed).each(programs)('the loopback is brought up by %s', (program) => {
  const folder = mkdtempSync(join(tmpdir(), 'loopback-'));
  symlinkSync(pathOf(program) as string, join(folder, program));
  const output = execFileSync(pathOf(unshare) as string, args, { env: { PATH: folder }, encoding: 'utf8' });
  rmSync(folder, { recursive: true });
  expect(output).toBe(`${insideReady}\n"127.0.0.1"\n`);
});
