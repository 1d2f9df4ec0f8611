/** Pods follow the load by the formula, up and down, and each decision says why. */
import { expect, test } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { load } from '../http-client.ts';
import type { LocalMesh } from '../local-mesh.ts';

export function testScale(mesh: LocalMesh): void {
  test('28 requests at once, 10 allowed in a pod, 70 % aimed at: 4 pods; then down to none', async () => {
    const from = mesh.output.length;
    const most = { pods: 0 };
    const watch = setInterval(() => {
      most.pods = Math.max(most.pods, mesh.processes('server.js').length);
    }, 250);
    try {
      // 28 clients waiting 200 ms each hold a concurrency of 28; 28 / (10 × 0.7) = 4 pods.
      const { failures } = await load(mesh.port, 'hello.default.localhost', { connections: 28, forMs: 16_000, path: '/?ms=200' });
      expect(failures).toEqual([]);
    } finally {
      clearInterval(watch);
    }
    expect(most.pods).toBe(4);
    const printed = mesh.output.slice(from);
    expect(printed).toMatch(/hello-00001\s+\d+ → 4\b.*\S/);

    await eventually(() => expect(mesh.processes('server.js')).toEqual([]), { withinMs: 60_000, everyMs: 100 });
    expect(mesh.output.slice(from)).toMatch(/hello-00001\s+\d+ → 0\b.*\S/);
  });
}
