/** Every way in which people and programs save files, on the real file system. */
import { mkdir, mkdtemp, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMeter, formatProblem, systemTimers } from '@sluice/kernel';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { BootstrapReloads, type ReloadReport } from './bootstrap-reloads.ts';
import { diffBootstraps } from './bootstrap-diff.ts';
import { loadBootstrap, type LoadedBootstrap } from './file-bootstrap.ts';
import { createFileWatcher } from './file-watcher.ts';

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

const bootstrap = (...clusters: readonly string[]) => `static_resources:\n  clusters:\n${clusters.map((name) => `  - {name: ${name}, type: STATIC}\n`).join('')}`;

/** A directory under watch, as a file in it or as a whole; `prepare` fills it first. */
async function watchIn(prepare: (directory: string) => Promise<string>) {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-reload-'));
  stops.push(() => rm(directory, { recursive: true, force: true }));
  const path = await prepare(directory);
  const first = await loadBootstrap({ path }, []);
  if (!first.ok) throw new Error(JSON.stringify(first.problems));
  let current: LoadedBootstrap = first.value;
  const reports: ReloadReport[] = [];
  const reloads = new BootstrapReloads({
    input: { path },
    filters: [],
    watcher: createFileWatcher(systemTimers),
    timers: systemTimers,
    meter: createMeter(),
    onReload: (report) => reports.push(report),
    running: {
      reload(next) {
        const diff = diffBootstraps(current, next);
        current = next;
        return Promise.resolve({ ok: true as const, value: diff, problems: [] });
      },
    },
  });
  reloads.start();
  stops.push(() => reloads.stop());
  // The first look has to have been taken: what changes before is not a change.
  await new Promise((resolve) => setTimeout(resolve, 150));
  return {
    directory,
    reports,
    /** Waits for names of clusters to be in force. */
    sees: (...names: readonly string[]) =>
      vi.waitFor(() => expect(current.bootstrap.staticResources.clusters.map(({ name }) => name)).toEqual(names), { timeout: 10_000, interval: 20 }),
  };
}

const file = async (directory: string) => {
  await writeFile(join(directory, 'b.yaml'), bootstrap('one'));
  return join(directory, 'b.yaml');
};

describe('a file is read again when it is', () => {
  test('written in place', async () => {
    const { directory, sees } = await watchIn(file);
    await writeFile(join(directory, 'b.yaml'), bootstrap('two'));
    await sees('two');
  });

  test('written in place several times', async () => {
    const { directory, sees } = await watchIn(file);
    for (const name of ['two', 'three']) {
      await writeFile(join(directory, 'b.yaml'), bootstrap(name));
      await sees(name);
    }
  });

  test('renamed over, with a swap file beside it, as editors do', async () => {
    const { directory, sees, reports } = await watchIn(file);
    await writeFile(join(directory, '.b.yaml.swp'), 'not yaml: [');
    await writeFile(join(directory, 'b.yaml~'), bootstrap('backup'));
    await writeFile(join(directory, '.b.yaml.new'), bootstrap('two'));
    await rename(join(directory, '.b.yaml.new'), join(directory, 'b.yaml'));
    await sees('two');
    expect(reports.map(({ kind }) => kind)).toEqual(['applied']);
  });

  test('deleted and made anew', async () => {
    const { directory, sees } = await watchIn(file);
    await unlink(join(directory, 'b.yaml'));
    await writeFile(join(directory, 'b.yaml'), bootstrap('two'));
    await sees('two');
  });

  test('behind a link that is exchanged, as Kubernetes does with ConfigMaps', async () => {
    const { directory, sees } = await watchIn(async (root) => {
      await mkdir(join(root, '..1'));
      await writeFile(join(root, '..1', 'b.yaml'), bootstrap('one'));
      await symlink('..1', join(root, '..data'));
      await symlink('..data/b.yaml', join(root, 'b.yaml'));
      return join(root, 'b.yaml');
    });
    await mkdir(join(directory, '..2'));
    await writeFile(join(directory, '..2', 'b.yaml'), bootstrap('two'));
    await symlink('..2', join(directory, '..data.new'));
    await rename(join(directory, '..data.new'), join(directory, '..data'));
    await rm(join(directory, '..1'), { recursive: true });
    await sees('two');
  });

  test('the target of a link elsewhere', async () => {
    const { directory, sees } = await watchIn(async (root) => {
      await mkdir(join(root, 'elsewhere'));
      await writeFile(join(root, 'elsewhere', 'real.yaml'), bootstrap('one'));
      await mkdir(join(root, 'here'));
      await symlink('../elsewhere/real.yaml', join(root, 'here', 'b.yaml'));
      return join(root, 'here', 'b.yaml');
    });
    await writeFile(join(directory, 'elsewhere', 'real.yaml'), bootstrap('two'));
    await sees('two');
  });
});

describe('a directory', () => {
  const two = async (directory: string) => {
    await writeFile(join(directory, 'a.yaml'), bootstrap('one'));
    await writeFile(join(directory, 'b.json'), JSON.stringify({ static_resources: { clusters: [{ name: 'two', type: 'STATIC' }] } }));
    return directory;
  };

  test('is one bootstrap: files that come, change and go count', async () => {
    const { directory, sees } = await watchIn(two);
    await sees('one', 'two');
    await writeFile(join(directory, 'c.yml'), bootstrap('three'));
    await sees('one', 'two', 'three');
    await writeFile(join(directory, 'a.yaml'), bootstrap('zero'));
    await sees('zero', 'two', 'three');
    await unlink(join(directory, 'b.json'));
    await sees('zero', 'three');
  });

  test('shows a mistake in the file it is in, and goes on with what was good', async () => {
    const { directory, sees, reports } = await watchIn(two);
    await writeFile(join(directory, 'b.json'), '{\n "static_resources": {\n "clusters": [{"name": "one", "type": "STATIC"}]}}');
    await vi.waitFor(() => expect(reports).toHaveLength(1), { timeout: 10_000 });
    const [report] = reports;
    expect([report?.kind, ...(report?.problems ?? []).map(formatProblem)]).toEqual([
      'refused',
      `${join(directory, 'b.json')}:3:16: static_resources.clusters[1].name: is "one", which is taken already`,
    ]);
    await sees('one', 'two');
    await writeFile(join(directory, 'b.json'), JSON.stringify({ static_resources: { clusters: [{ name: 'back', type: 'STATIC' }] } }));
    await sees('one', 'back');
  });
});

test('a file that is not there for a while is one report, and counts again when it is back', async () => {
  const { directory, sees, reports } = await watchIn(file);
  await unlink(join(directory, 'b.yaml'));
  await vi.waitFor(() => expect(reports.map(({ kind }) => kind)).toEqual(['refused']), { timeout: 10_000 });
  await sees('one');
  await writeFile(join(directory, 'b.yaml'), bootstrap('two'));
  await sees('two');
});

test('a save that changes nothing is nothing', async () => {
  const { directory, sees, reports } = await watchIn(file);
  await writeFile(join(directory, 'b.yaml'), bootstrap('one'));
  await writeFile(join(directory, 'other.txt'), 'x');
  await writeFile(join(directory, 'b.yaml'), bootstrap('two'));
  await sees('two');
  expect(reports).toHaveLength(1);
});
