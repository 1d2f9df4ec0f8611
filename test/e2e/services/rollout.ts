/** A new revision takes over step by step under load: nobody is lost, and the shares go one way. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { load } from '../http-client.ts';
import type { LocalMesh } from '../local-mesh.ts';

interface RouteObject {
  readonly status: {
    readonly traffic: readonly { readonly revisionName: string; readonly percent: number }[];
    readonly conditions: readonly { readonly type: string; readonly status: string; readonly reason?: string }[];
  };
}

export function testRollout(mesh: LocalMesh): void {
  test('a rollout over 10 s under load loses nothing and never goes back', async () => {
    const file = join(mesh.services, 'service.yaml');
    const before = readFileSync(file, 'utf8');
    const next = before
      .replace('  name: hello\n', '  name: hello\n  annotations:\n    serving.knative.dev/rollout-duration: 10s\n')
      .replace('value: Hello', 'value: Welcome');
    const shares: number[] = [];
    const totals = new Set<number>();
    const reasons = new Set<string>();

    const enough = new AbortController();
    const isOver = (): boolean => enough.signal.aborted;
    const watching = (async () => {
      while (!isOver()) {
        const { status } = (await mesh.read('/apis/serving.knative.dev/v1/namespaces/default/routes/hello')) as RouteObject;
        totals.add(status.traffic.reduce((sum, { percent }) => sum + percent, 0));
        shares.push(status.traffic.find(({ revisionName }) => revisionName === 'hello-00002')?.percent ?? 0);
        reasons.add(status.conditions.find(({ type }) => type === 'IngressReady')?.reason ?? '');
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    })();
    const loading = load(mesh.port, 'hello.default.localhost', {
      connections: 4,
      forMs: 60_000,
      signal: enough.signal,
      classify: ({ status, body }) => `${status} ${/Hello|Welcome/.exec(body)?.[0] ?? ''}`,
    });
    writeFileSync(file, next);
    await eventually(() => expect(shares.at(-1)).toBe(100), { withinMs: 50_000 });
    enough.abort();
    await watching;
    const { answers, failures } = await loading;

    expect(failures).toEqual([]);
    expect([...answers.keys()].sort()).toEqual(['200 Hello', '200 Welcome']);
    expect([...totals]).toEqual([100]);
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
    expect(new Set(shares).size).toBeGreaterThan(4);
    expect(reasons).toContain('RolloutInProgress');
  });
}
