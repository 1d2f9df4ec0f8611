import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runExplain } from './explain.ts';
import { runSimulate } from './simulate.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-autoscaler-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** One pod with a limit of ten: three in flight, from 10 s on 30, from 20 s on none for a while. */
function record(): string {
  const path = join(folder, 'load.jsonl');
  const revision = 'default/hello-00001';
  const annotations = { 'autoscaling.knative.dev/target-burst-capacity': '0', 'autoscaling.knative.dev/window': '6s' };
  const lines: object[] = [
    { at: 0, revision, annotations, containerConcurrency: 10 },
    { at: 0, revision, ready: 1 },
  ];
  for (let at = 0; at < 60; at += 1) lines.push({ at: at + 0.5, revision, pod: 'pod-1', concurrency: at < 10 ? 3 : at < 20 ? 30 : 0 });
  writeFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return path;
}

function capture() {
  const out = { text: '', said: [] as string[] };
  return { out, streams: { write: (text: string) => (out.text += text), say: (line: string) => out.said.push(line) } };
}

describe('simulate', () => {
  it('tells each change with its reason, by the code that decides in a cluster', () => {
    const { out, streams } = capture();
    expect(runSimulate(record(), { podStart: '2s' }, streams)).toBe(0);
    const rows = out.text.trimEnd().split('\n').map((line) => line.split(/\s{2,}/));
    expect(rows[0]).toEqual(['AT', 'STABLE', 'PANIC', 'READY', 'PODS', 'PATH', 'REASON']);
    // 3 at 7 per pod is one pod; 30 is five of them, at once and not on the tick.
    expect(rows.some(([at, , , , pods]) => at === '0.5s' && pods === '1')).toBe(true);
    const burst = rows.find(([, , , , pods]) => Number(pods) > 1);
    expect(burst?.[0]).toBe('10.5s');
    expect(rows.map(([, , , , pods]) => Number(pods)).includes(5)).toBe(true);
    expect(rows.at(-1)?.slice(3, 6)).toEqual(['0', '0', 'Proxy']);
  });

  it('answers "what if": other annotations, another configuration', () => {
    const { out, streams } = capture();
    runSimulate(record(), { podStart: '2s', set: ['max-scale=2'], config: ['enable-scale-to-zero=false'], output: 'json', all: true }, streams);
    const scales = (JSON.parse(out.text) as { plan: { scale: number } }[]).map(({ plan }) => plan.scale);
    expect(Math.max(...scales)).toBe(2);
    expect(scales.at(-1)).toBe(1);
  });

  it('tells all that is wrong at once', () => {
    const path = join(folder, 'bad.jsonl');
    writeFileSync(path, '{"at":1,"revision":"a/b","ready":1}\n{"at":0,"revision":"a/b","ready":1}\nnonsense\n{"at":2,"revision":"a"}\n');
    const { out, streams } = capture();
    expect(runSimulate(path, { podStart: 'soon', config: ['stable-window=1s'] }, streams)).toBe(2);
    expect(out.said).toEqual([
      'error: line 2: is earlier than the line before: 0 after 1',
      'error: line 3: is no JSON',
      'error: line 4: "revision" must be "namespace/name"',
      'error: stable-window: must be whole seconds from 6s to 1h0m0s',
      'error: --pod-start: is "soon", must be a duration such as 2s',
    ]);
  });

  it('wants to know which of several revisions is meant', () => {
    const path = join(folder, 'two.jsonl');
    writeFileSync(path, '{"at":0,"revision":"a/b","ready":1}\n{"at":0,"revision":"a/c","ready":1}\n');
    const { out, streams } = capture();
    expect(runSimulate(path, { podStart: '2s' }, streams)).toBe(2);
    expect(out.said).toEqual(['error: --revision must be one of those recorded: a/b, a/c']);
  });
});

describe('explain', () => {
  it('shows the arithmetic of a moment of a recording', async () => {
    const { out, streams } = capture();
    expect(await runExplain(undefined, { autoscaler: '', file: record(), at: '5s', podStart: '2s' }, streams)).toBe(0);
    expect(out.text).toContain('at 4 s: 1 pods, straight to the pods\nstable concurrency 3 at 7 per pod wants 1\n');
    expect(out.text).toContain('wanted      stable ⌈3 / 7⌉ = 1, panic ⌈3 / 7⌉ = 1\n');
  });

  it('asks a running autoscaler', async () => {
    const decision = {
      desiredPods: 2,
      excessBurstCapacity: 0,
      isPanicking: false,
      reason: 'stable concurrency 9 at 7 per pod wants 2',
      inputs: { stable: 9, panic: 9, readyPods: 2, targetValue: 7, stablePods: 2, panicPods: 2, podsMin: 1, podsMax: 2000 },
    };
    const spec = { metric: 'concurrency', targetValue: 7, totalValue: 10, targetBurstCapacity: 0, maxScaleUpRate: 1000, maxScaleDownRate: 2, panicThresholdRatio: 2, activationScale: 1, stableWindowMs: 60_000, scaleDownDelayMs: 0, isReachable: true };
    const asked: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url);
      response.end(JSON.stringify([{ revision: 'default/hello-00001', spec, decision, panicWindowMs: 6000 }]));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { out, streams } = capture();
    expect(await runExplain('hello-00001', { autoscaler: `127.0.0.1:${(server.address() as AddressInfo).port}`, podStart: '2s' }, streams)).toBe(0);
    server.close();
    expect(asked).toEqual(['/decisions?revision=default%2Fhello-00001']);
    expect(out.text).toMatch(/^default\/hello-00001: 2 pods before its bounds\nstable concurrency 9 at 7 per pod wants 2\n\nload {8}concurrency 9 over 60 s/);
  });

  it('says when nobody answers', async () => {
    const { out, streams } = capture();
    expect(await runExplain('hello-00001', { autoscaler: '127.0.0.1:1', podStart: '2s' }, streams)).toBe(1);
    expect(out.said[0]).toContain('the autoscaler at 127.0.0.1:1 does not answer');
  });
});
