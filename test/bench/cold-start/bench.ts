/**
 * What the embedded floor adds to a cold start: a bare Node program that listens after so many milliseconds is asked while it
 * sleeps. From the time until the first byte of the answer are taken off those milliseconds and what Node itself needs from
 * the start of its process to the first line of the program, both as the program has measured them.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { get } from '../../e2e/http-client.ts';
import { LocalMesh } from '../../e2e/local-mesh.ts';
import { eventually } from '../../support/eventually.ts';
import { describeMachine, renderMachine } from '../method/machine.ts';
import { renderCells } from '../method/report.ts';

/** What must be reached, of added milliseconds. */
const goals = { p50Ms: 30, p99Ms: 80 };

const host = 'bare.default.localhost';

/** Says when its process began and when its first line ran, on the wall clock. */
const program = `
  const { performance } = require('node:perf_hooks');
  const begunMs = performance.now();
  setTimeout(() => {
    require('node:http').createServer((request, response) => response.end(JSON.stringify({ bootMs: begunMs })))
      .listen(process.env.PORT, process.env.HOST);
  }, Number(process.env.LISTEN_AFTER_MS));
`;

const service = (listenAfterMs: number): string => `
  apiVersion: serving.knative.dev/v1
  kind: Service
  metadata:
    name: bare
  spec:
    template:
      metadata:
        annotations:
          autoscaling.knative.dev/window: 6s
      spec:
        containers:
          - image: sluice.dev/bench/bare
            command: [node, bare.cjs]
            env:
              - name: LISTEN_AFTER_MS
                value: "${listenAfterMs}"
`;

interface ColdShot {
  readonly totalMs: number;
  /** Of Node, from the start of its process to the first line. */
  readonly bootMs: number;
  readonly addedMs: number;
  /** As the floor tells them. */
  readonly phases: ReadonlyMap<string, number>;
}

export async function run(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: { rounds: { type: 'string', default: '12' }, after: { type: 'string', default: '50' }, json: { type: 'string', default: '' } } });
  const listenAfterMs = Number(values.after);
  const machine = describeMachine();
  const shots = await measure(Number(values.rounds), listenAfterMs);
  console.log(`${renderMachine(machine)}; ${shots.length} cold starts of a program that listens after ${listenAfterMs} ms`);
  console.log(render(shots));
  if (values.json !== '') writeFileSync(values.json, JSON.stringify({ machine, listenAfterMs, shots: shots.map((shot) => ({ ...shot, phases: Object.fromEntries(shot.phases) })) }, null, 1));
  return 0;
}

async function measure(rounds: number, listenAfterMs: number): Promise<readonly ColdShot[]> {
  const mesh = new LocalMesh({ 'bare.cjs': program, 'bare.yaml': service(listenAfterMs) });
  const shots: ColdShot[] = [];
  try {
    await mesh.start();
    // The first wakes fill caches, of files and of compiled code.
    for (let round = -1; round < rounds; round += 1) {
      await eventually(() => {
        if (mesh.processes('bare.cjs').length > 0) throw new Error('it does not go to sleep');
      }, { withinMs: 60_000 });
      const shot = await wake(mesh, listenAfterMs);
      if (round >= 0) shots.push(shot);
    }
  } finally {
    await mesh.dispose();
  }
  return shots;
}

async function wake(mesh: LocalMesh, listenAfterMs: number): Promise<ColdShot> {
  const from = mesh.output.length;
  const begunAt = performance.now();
  const { status, body } = await get(mesh.port, host);
  const totalMs = performance.now() - begunAt;
  if (status !== 200) throw new Error(`answered ${status} ${body}`);
  const { bootMs } = JSON.parse(body) as { readonly bootMs: number };
  const [line] = await mesh.printed(/cold start .*/, { from });
  return { totalMs, bootMs, addedMs: totalMs - listenAfterMs - bootMs, phases: phasesOf(line) };
}

/** `cold start 70 ms: decide 5 ms · create 12 ms …`: what the floor says of itself. */
function phasesOf(line: string): ReadonlyMap<string, number> {
  const phases = new Map<string, number>();
  const parts = line.slice(line.indexOf(':') + 1);
  for (const [, name = '', amount, unit] of parts.matchAll(/(decide|create|start|ready|first byte) ([\d.]+) ?(ms|s)/g)) phases.set(name, Number(amount) * (unit === 's' ? 1000 : 1));
  return phases;
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

function render(shots: readonly ColdShot[]): string {
  const row = (name: string, values: readonly number[]) => [name, [0.5, 0.99, 1].map((share) => quantile(values, share).toFixed(1)).join(' / ')];
  const added = shots.map(({ addedMs }) => addedMs);
  const phases = ['decide', 'create', 'start', 'ready', 'first byte'];
  const verdict = quantile(added, 0.5) <= goals.p50Ms && quantile(added, 0.99) <= goals.p99Ms ? 'reached' : 'not reached';
  return [
    renderCells(
      ['cold start', 'ms p50 / p99 / max'],
      [
        row('request to first byte', shots.map(({ totalMs }) => totalMs)),
        row('Node, to its first line', shots.map(({ bootMs }) => bootMs)),
        row('added', added),
        ...phases.map((phase) => row(`  phase ${phase}`, shots.flatMap((shot) => shot.phases.get(phase) ?? []))),
      ],
    ),
    `goal: added p50 ≤ ${goals.p50Ms} ms, p99 ≤ ${goals.p99Ms} ms: ${verdict}`,
  ].join('\n');
}
