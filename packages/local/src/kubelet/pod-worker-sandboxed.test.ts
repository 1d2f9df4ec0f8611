import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import type { SimulatedTime } from '@sluice/kernel/testing';
import type { ContainerView, PodSandboxes } from './sandbox/pod-sandboxes.ts';
import { kubeletFloor, podOf, server } from './testdata/simulated-floor.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-sandboxed-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Files are looked at on the way, so turns have to pass as well as time. */
async function soon(time: SimulatedTime, ms = 10): Promise<void> {
  for (let part = 0; part < 10; part += 1) {
    await time.advance(ms / 10);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function sandboxed() {
  const views: ContainerView[] = [];
  const open = new Set<string>();
  const state = { failure: undefined as string | undefined };
  const sandboxes: PodSandboxes = {
    async open({ podUid, address }) {
      if (state.failure !== undefined) throw new Error(state.failure);
      open.add(`${podUid} ${address}`);
      return { enter: (view) => (views.push(view), ['/bin/enter', podUid]), close: async () => void open.delete(`${podUid} ${address}`) };
    },
  };
  const floor = kubeletFloor({ server, gateway: server }, undefined, {
    sandboxes: { sandboxes, folder },
    programs: (image) => (image === 'sluice.dev/gateway:1' ? { command: ['gateway', '--flag'], user: 65_532, environment: { FROM: 'image' }, files: { '/usr/local/bin/node': process.execPath } } : undefined),
    mode: 'network-per-pod',
  });
  return { ...floor, views, open, state };
}

it('an image that is known runs as its program, in the pod’s sandbox and as the image’s user', async () => {
  const { time, runner, start, views, open } = sandboxed();
  const securityContext = { readOnlyRootFilesystem: true };
  const { worker } = start(podOf({ containers: [{ name: 'gateway', image: 'sluice.dev/gateway:1', args: ['--port=$(PORT)'], env: [{ name: 'PORT', value: '8080' }], securityContext }] }));
  await soon(time);
  expect([...runner.running.values()].map(({ spec }) => [spec.argv, spec.wrapper, spec.env['PORT'], spec.env['FROM']])).toEqual([[['gateway', '--flag', '--port=8080'], ['/bin/enter', 'uid-1'], '8080', 'image']]);
  expect(views).toEqual([{ mounts: [{ from: process.execPath, path: '/usr/local/bin/node', isReadOnly: true }], isRootReadOnly: true, user: 65_532 }]);
  expect([...open]).toEqual(['uid-1 10.0.0.1']);
  void worker.abandon();
  await soon(time);
  expect(open.size).toBe(0);
});

it('all containers of a pod share its sandbox', async () => {
  const { time, start, views, open } = sandboxed();
  const { worker } = start(podOf({ containers: [{ name: 'a', command: ['server'], securityContext: { runAsUser: 7 } }, { name: 'b', command: ['server'] }] }));
  await soon(time);
  expect(views.map(({ user }) => user).toSorted()).toEqual([7, undefined]);
  expect(open.size).toBe(1);
  void worker.abandon();
  await soon(time);
});

it('a sandbox that cannot be made is a reason to wait, and is tried again', async () => {
  const { time, start, state, runner } = sandboxed();
  state.failure = 'run ip: no right to';
  const { api, worker } = start(podOf({}));
  await soon(time);
  expect(api.status?.containerStatuses?.[0]?.state?.waiting).toEqual({ reason: 'CreateContainerError', message: 'run ip: no right to' });
  state.failure = undefined;
  await soon(time, 1000);
  expect(runner.running.size).toBe(1);
  void worker.abandon();
  await soon(time);
});
