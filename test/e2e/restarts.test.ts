/** Parts that die, come back, and nobody notices. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { kubernetesToolsMissing } from '../support/kubernetes-tools.ts';
import { get, load } from './http-client.ts';
import { LocalMesh } from './local-mesh.ts';

const mesh = new LocalMesh();
const host = 'hello.default.localhost';

/** A set-up that takes long on a busy machine ends before the gateway knows everything. */
const served = () => eventually(async () => expect((await get(mesh.port, host)).status).toBe(200), { withinMs: 60_000, everyMs: 100 });

describe.skipIf(kubernetesToolsMissing !== undefined)('restarts', () => {
  beforeAll(() => mesh.start());
  afterAll(() => mesh.dispose());

  for (const component of ['config-server', 'autoscaler']) {
    test(`kill -9 of the ${component} under load loses no request, and it comes back to work`, async () => {
      await get(mesh.port, host);
      const [pid] = mesh.processes(component);
      expect(pid).toBeDefined();
      const running = load(mesh.port, host, { connections: 8, forMs: 8_000, path: '/?ms=20' });
      setTimeout(() => process.kill(pid as number, 'SIGKILL'), 2_000);
      const { failures, answers } = await running;
      expect(failures).toEqual([]);
      expect(answers.get('200')).toBeGreaterThan(500);
      await eventually(() => {
        const [again] = mesh.processes(component);
        expect(again).toBeDefined();
        expect(again).not.toBe(pid);
      });
      // Back at work: the service still goes to sleep and wakes.
      await eventually(() => expect(mesh.processes('server.js')).toEqual([]), { withinMs: 60_000, everyMs: 100 });
      expect((await get(mesh.port, host)).status).toBe(200);
    });
  }

  test('after a restart of the whole, the objects are still there', async () => {
    await mesh.kubectlOutput('annotate ksvc hello example.com/note=kept');
    const before = (await mesh.object('ksvc hello')) as { metadata: { uid: string } };
    await mesh.stop();
    expect(mesh.leftovers()).toEqual([]);
    await mesh.start();
    const after = (await mesh.object('ksvc hello')) as { metadata: { uid: string; annotations: Record<string, string> } };
    expect(after.metadata.uid).toBe(before.metadata.uid);
    expect(after.metadata.annotations['example.com/note']).toBe('kept');
    await served();
  });

  test('after a kill -9 of the whole, too, and nothing of the old one is left running', async () => {
    await get(mesh.port, host);
    const [main] = mesh.processes('main.ts dev');
    process.kill(main as number, 'SIGKILL');
    await mesh.start();
    await served();
    expect(mesh.processes('config-server').length).toBe(1);
  });
});
