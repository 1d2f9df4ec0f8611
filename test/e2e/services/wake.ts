/** A Service that sleeps, wakes for a request, goes to sleep again, and loses nobody on the way. */
import { expect, test } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { get, load } from '../http-client.ts';
import type { LocalMesh } from '../local-mesh.ts';

const host = 'hello.default.localhost';

/** Its last test ends the mesh. */
export function testWake(mesh: LocalMesh): void {
  const asleep = (withinMs = 60_000) =>
    eventually(() => expect(mesh.processes('server.js')).toEqual([]), { withinMs, everyMs: 100 });

  test('set-up ends with a URL, and the service goes to sleep when nobody asks', async () => {
    expect(mesh.output).toContain(`http://${host}:${mesh.port}`);
    await asleep();
  });

  test('a request to a sleeping service is answered by a process that was not there before', async () => {
    await asleep();
    const from = mesh.output.length;
    const askedAt = new Date().toISOString();
    const answer = await get(mesh.port, host);
    expect(answer.status).toBe(200);
    const [, pid, bornAt] = /process (\d+), born (\S+)/.exec(answer.body) ?? [];
    expect(mesh.processes('server.js')).toContain(Number(pid));
    expect(bornAt && bornAt >= askedAt).toBe(true);

    const cold = await mesh.printed(/cold start ([\d.]+) (ms|s).*/, { from });
    for (const phase of ['decide', 'create', 'start', 'ready', 'first byte']) expect(cold[0]).toContain(phase);
  });

  test('after the window the pods are gone, and the next request wakes it again', async () => {
    const first = await get(mesh.port, host);
    await asleep();
    const second = await get(mesh.port, host);
    expect(second.status).toBe(200);
    expect(second.body).not.toBe(first.body);
  });

  test('200 requests at once to a sleeping service are all answered', async () => {
    await asleep();
    const { answers, failures } = await load(mesh.port, host, { connections: 200, total: 200 });
    expect(failures).toEqual([]);
    expect(answers.get('200')).toBe(200);
  });

  test('Ctrl-C ends everything', async () => {
    await get(mesh.port, host);
    const code = await mesh.stop();
    expect(code).toBe(0);
    expect(mesh.leftovers()).toEqual([]);
  });
}
