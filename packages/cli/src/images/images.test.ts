/** What images hold, run as a container would: from a folder that cannot be written, with nothing but what is in it. */
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { makeImages } from './make-images.ts';
import { roleNames, rolesFor, type RoleName } from './roles.ts';

const root = join(import.meta.dirname, '../../../..');
const folder = mkdtempSync(join(tmpdir(), 'sluice-image-test-'));
const kubeconfig = join(folder, 'kubeconfig');
/** As in a container. Without root it runs as whoever runs this. */
const nobody = process.getuid?.() === 0 ? { uid: 65532, gid: 65532 } : {};
const figures: string[] = [];

describe.skipIf(process.platform !== 'linux')('images', () => {
  beforeAll(() => makeImages({ folder, tell: () => {} }), 180_000);
  afterAll(() => {
    setWritable(true);
    rmSync(folder, { recursive: true, force: true });
    console.log(`private memory when idle, of what the image holds, in MiB: ${figures.join(', ')}`);
  });

  test.each(roleNames)('the Dockerfile of %s needs what was made and no more, and starts it as it was compiled', (name) => {
    const lines = readFileSync(join(root, 'packages', roleOf(name).folder, 'Dockerfile'), 'utf8').split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    const values = (word: string) => lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));
    expect([...new Set(lines.map((line) => line.split(' ', 1)[0]))].toSorted()).toEqual(['COPY', 'ENTRYPOINT', 'ENV', 'EXPOSE', 'FROM', 'USER']);
    for (const from of values('COPY')) expect(existsSync(join(folder, from.split(' ')[0] as string)), from).toBe(true);
    expect(values('USER')).toEqual(['65532:65532']);
    const { nodeFlags } = roleOf(name);
    expect(JSON.parse(values('ENTRYPOINT')[0] as string)).toEqual(['/usr/local/bin/node', ...nodeFlags, `/app/${name}.cjs`]);
  });

  test.each(roleNames)('%s holds what runs and its bill of materials, and nothing of npm', (name) => {
    const files = readdirSync(join(folder, name));
    expect(files).toEqual(expect.arrayContaining([`${name}.cjs`, `${name}-code.cjs`, 'compiled', 'sbom.cdx.json']));
    expect(files.filter((file) => !/\.cjs$|\.json$|\.proto$|^compiled$/.test(file))).toEqual([]);
    const bill = JSON.parse(readFileSync(join(folder, name, 'sbom.cdx.json'), 'utf8')) as { components: { name: string; version: string; purl: string; licenses: unknown[] }[] };
    const names = bill.components.map((component) => component.name);
    expect(new Set(bill.components.map(({ purl }) => purl)).size).toBe(names.length);
    expect(names).toEqual(expect.arrayContaining(['node', ...(name === 'proxy' ? ['yaml'] : name === 'controller' || name === 'injector' ? ['undici'] : ['@grpc/grpc-js'])]));
    expect(bill.components.filter(({ licenses }) => licenses.length === 0)).toEqual([]);
  });

  describe('in a folder that cannot be written', () => {
    beforeAll(() => {
      setWritable(false);
      writeFileSync(kubeconfig, JSON.stringify({ 'current-context': 'a', contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }], clusters: [{ name: 'a', cluster: { server: 'http://127.0.0.1:9' } }], users: [{ name: 'a', user: {} }] }));
      for (const path of [folder, kubeconfig, join(folder, 'node')]) chmodSync(path, 0o755);
    });

    test.each(roleNames)('%s runs, takes what was compiled, and ends when it is told to', { timeout: 60_000 }, async (name) => {
      const { alone, nodeFlags } = roleOf(name);
      const before = compiledFiles(name);
      const child = spawn(join(folder, 'node'), [...nodeFlags, join(folder, name, `${name}.cjs`), ...alone.args], {
        ...nobody,
        cwd: '/',
        env: { ...alone.environment, LD_LIBRARY_PATH: join(folder, 'lib') },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      onTestFinished(() => void child.kill('SIGKILL'));
      let said = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => (said += bytes.toString()));
      const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
      // The first thing that each has to say is that it listens, or that nobody answers.
      await vi.waitFor(() => expect(said).toMatch(/"message"|listens on/), { timeout: 30_000 });
      figures.push(`${name} ${(ownBytes(child.pid as number) / 2 ** 20).toFixed(1)}`);
      child.kill('SIGTERM');
      expect(await ended).toBe(0);
      // Nobody answers, which they warn of; nothing of theirs is missing.
      expect(said).not.toMatch(/"severity":"(ERROR|CRITICAL)"|Cannot find module/);
      expect(compiledFiles(name)).toEqual(before);
    });
  });
});

function roleOf(name: RoleName) {
  const role = rolesFor(kubeconfig).find((candidate) => candidate.name === name);
  if (!role) throw new Error(`no role ${name}`);
  return role;
}

function setWritable(isWritable: boolean): void {
  for (const name of roleNames) chmodSync(join(folder, name), isWritable ? 0o755 : 0o555);
}

function compiledFiles(name: RoleName): readonly unknown[] {
  const kept = join(folder, name, 'compiled');
  return readdirSync(kept).map((file) => ({ file, bytes: statSync(join(kept, file)).size, writtenAt: statSync(join(kept, file)).mtimeMs }));
}

/** Written by the process itself; the pages of Node's file are shared by all on a machine. */
function ownBytes(pid: number): number {
  const [, kilobytes] = /^Private_Dirty:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}
