import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { viewScript } from './view-script.ts';
import type { ContainerView } from './pod-sandboxes.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-view-'));
const scratch = join(folder, 'scratch');
const files = join(folder, 'files');
for (const each of [scratch, files]) mkdirSync(each);
writeFileSync(join(files, 'token'), 'secret');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const unshare = ['unshare', '--mount', '--', '/bin/sh', '-c'];
const allowed = process.platform === 'linux' && spawnSync('unshare', ['--mount', '--', 'mount', '-t', 'tmpfs', 'tmpfs', folder]).status === 0;
if (!allowed) console.warn('views of files are not tried: mount namespaces are not allowed here');

function inside(view: Partial<ContainerView>, command: string): string {
  const script = viewScript({ mounts: [], isRootReadOnly: false, ...view }, scratch);
  const { stdout, stderr } = spawnSync(unshare[0] as string, [...unshare.slice(1), script, 'sh', '/bin/sh', '-c', command], { encoding: 'utf8', env: { PATH: '/usr/bin:/bin' } });
  return stdout + stderr;
}

it.skipIf(!allowed)('a folder is seen where there is none, and the machine’s own stays as it was', () => {
  const mount = { from: files, path: '/etc/sluice-view/deep', isReadOnly: true };
  expect(inside({ mounts: [mount] }, 'cat /etc/sluice-view/deep/token; ls /etc/passwd; echo x > /etc/sluice-view/deep/y')).toMatch(/^secret\/etc\/passwd\n.*Read-only file system/s);
  expect(existsSync('/etc/sluice-view')).toBe(false);
});

it.skipIf(!allowed)('a file is seen in the place of another', () => {
  expect(inside({ mounts: [{ from: join(files, 'token'), path: '/etc/passwd', isReadOnly: true }] }, 'cat /etc/passwd')).toBe('secret');
});

it.skipIf(!allowed)('a folder that is no mount cannot be written where the root is read-only', () => {
  expect(inside({ isRootReadOnly: true }, 'echo x > /sluice-view')).toContain('Read-only file system');
});

it.skipIf(!allowed || process.getuid?.() !== 0)('a user that is not root has no rights to get back', () => {
  const seen = inside({ user: 65_532 }, 'grep -E "^(Uid|Gid|Groups|CapBnd|CapEff|NoNewPrivs)" /proc/self/status');
  expect(seen.replaceAll(/[\t ]+/g, ' ').trim().split('\n')).toEqual(['Uid: 65532 65532 65532 65532', 'Gid: 65532 65532 65532 65532', expect.stringMatching(/^Groups: ?$/), 'CapEff: 0000000000000000', 'CapBnd: 0000000000000000', 'NoNewPrivs: 1']);
});

it('a folder right beneath the root that is not there is refused', () => {
  expect(() => viewScript({ mounts: [{ from: files, path: '/sluice-view/a', isReadOnly: true }], isRootReadOnly: false }, scratch)).toThrow('mount /sluice-view/a: there is no such folder');
});
