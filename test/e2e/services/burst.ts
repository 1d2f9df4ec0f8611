/** A thousand requests at once for a program that sleeps and takes one at a time. */
import { expect, test } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { get } from '../http-client.ts';
import type { LocalMesh } from '../local-mesh.ts';

export const burstFiles = {
  // It says how many it has had at once at most, and when it began with this one.
  'counting.cjs': `
    let running = 0;
    let most = 0;
    require('node:http').createServer((request, response) => {
      running += 1;
      most = Math.max(most, running);
      const begunAt = Date.now();
      setTimeout(() => {
        running -= 1;
        response.end(JSON.stringify({ pid: process.pid, most, begunAt }));
      }, 20);
    }).listen(process.env.PORT, process.env.HOST);
  `,
  'counting.yaml': `
    apiVersion: serving.knative.dev/v1
    kind: Service
    metadata:
      name: counting
    spec:
      template:
        metadata:
          annotations:
            autoscaling.knative.dev/window: 10s
            autoscaling.knative.dev/max-scale: "20"
        spec:
          containerConcurrency: 1
          containers:
            - image: sluice.dev/tests/counting
              command: [node, counting.cjs]
  `,
};

interface Counted {
  readonly pid: number;
  readonly most: number;
  readonly begunAt: number;
}

const requests = 1000;

export function testBurst(mesh: LocalMesh): void {
  test('none is lost, none runs beyond the limit, and whoever came first is served first', async () => {
    await eventually(() => expect(mesh.processes('counting.cjs')).toEqual([]), { withinMs: 60_000, everyMs: 100 });
    const begun: number[] = [];
    const pids = new Set<number>();
    let most = 0;
    await Promise.all(
      Array.from({ length: requests }, async (_, index) => {
        const { status, body } = await get(mesh.port, 'counting.default.localhost', { timeoutMs: 120_000 });
        expect(status, body).toBe(200);
        const answer = JSON.parse(body) as Counted;
        begun[index] = answer.begunAt;
        pids.add(answer.pid);
        most = Math.max(most, answer.most);
      }),
    );
    expect(most).toBe(1);
    expect(pids.size).toBeLessThanOrEqual(20);
    expect(overtakes(begun)).toBeLessThan(requests / 10);
  }, 150_000);
}

/** By how many places requests stood elsewhere in the order of being served than in that of being sent, on average. */
function overtakes(begunAt: readonly number[]): number {
  const served = begunAt.map((at, index) => ({ at, index })).toSorted((a, b) => a.at - b.at || a.index - b.index);
  return served.reduce((sum, { index }, place) => sum + Math.abs(place - index), 0) / served.length;
}
