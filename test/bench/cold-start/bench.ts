/**
 * What the embedded floor adds to a cold start. Bare Node programs that listen after so many milliseconds sleep behind a whole mesh, and each is
 * asked once; the same program is started by hand in between, on the same machine. Added is what the sleeping one takes longer.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { get } from '../../e2e/http-client.ts';
import { LocalMesh } from '../../e2e/local-mesh.ts';
import { freePorts } from '../method/free-ports.ts';
import { waitForCalm } from '../method/calm.ts';
import { describeMachine, renderMachine } from '../method/machine.ts';
import { pause } from '../method/measured-process.ts';
import { shuffled } from '../method/rounds.ts';
import { ownPhases, programFile, programService, programText, startByHand, wallTimeMs, type ProgramFacts, type StartedByHand } from './program.ts';
import { createService, deleteServices, mayStartAsleep, untilAsleepAndRouted } from './services.ts';
import { goals, render, type ColdShot } from './cold-table.ts';

/** Services at a time: more would only make each change of the mesh dearer. */
const batchSize = 12;

/**
 * Between two cold starts, in ms: a sidecar loads what its first request did not need, and the floor has the next one started when it has been quiet for a
 * second. Then the machine is waited for, so long at most.
 */
const apartMs = 1300;
const settleMsMax = 1500;

export interface ColdStartOptions {
  /** Cold starts of each listening time. */
  readonly shots: number;
  readonly listenAfterMs: readonly number[];
  /** No more shots after so long, in ms. */
  readonly budgetMs: number;
  readonly print: (line: string) => void;
}

export interface ColdStartResult {
  readonly shots: readonly ColdShot[];
  /** Of the same program, by listening time. */
  readonly byHand: ReadonlyMap<number, readonly StartedByHand[]>;
}

export async function run(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { shots: { type: 'string', default: '20' }, after: { type: 'string', default: '0,50,200' }, minutes: { type: 'string', default: '2' }, json: { type: 'string', default: '' } },
  });
  const machine = describeMachine();
  const listenAfterMs = values.after.split(',').map(Number);
  const result = await measureColdStarts({ shots: Number(values.shots), listenAfterMs, budgetMs: Number(values.minutes) * 60_000, print: (line) => console.log(line) });
  console.log(renderMachine(machine));
  console.log(render(result));
  if (values.json !== '') writeFileSync(values.json, JSON.stringify({ machine, goals, shots: result.shots, byHand: Object.fromEntries(result.byHand) }, (_, value: unknown) => (value instanceof Map ? Object.fromEntries(value) : value), 1));
  return 0;
}

export async function measureColdStarts({ shots: count, listenAfterMs, budgetMs, print }: ColdStartOptions): Promise<ColdStartResult> {
  const endsAt = performance.now() + budgetMs;
  const mesh = new LocalMesh({ [programFile]: programText });
  const shots: ColdShot[] = [];
  const byHand = new Map<number, StartedByHand[]>(listenAfterMs.map((afterMs) => [afterMs, []]));
  // In each batch the same number of each, in an order that changes; one round more, since the first wakes fill caches of files and of compiled code.
  const warmUps = listenAfterMs.map((afterMs) => ({ afterMs, counts: false }));
  const due = [...warmUps, ...Array.from({ length: count }, () => shuffled(listenAfterMs.map((afterMs) => ({ afterMs, counts: true })))).flat()];
  try {
    await mesh.start();
    await mayStartAsleep(mesh);
    for (let first = 0; first < due.length && performance.now() < endsAt; first += batchSize) {
      const batch = due.slice(first, first + batchSize).map((shot, index) => ({ ...shot, name: `bare-${first + index}` }));
      for (const { name, afterMs } of batch) await createService(mesh, programService(name, afterMs));
      for (const { name } of batch) await untilAsleepAndRouted(mesh, name);
      for (const { name, afterMs, counts } of batch) {
        await pause(apartMs);
        await waitForCalm(settleMsMax);
        const started = await startByHand(mesh.folder, await freePorts(1), afterMs);
        await waitForCalm(settleMsMax);
        const shot = await wake(mesh, name, afterMs);
        if (!counts) continue;
        shots.push(shot);
        byHand.get(afterMs)?.push(started);
        if (performance.now() >= endsAt) break;
      }
      await deleteServices(mesh, batch.map(({ name }) => name));
    }
    print(`${shots.length} cold starts in ${((performance.now() - endsAt + budgetMs) / 1000).toFixed(0)} s`);
    return { shots, byHand };
  } finally {
    await mesh.dispose();
  }
}

async function wake(mesh: LocalMesh, name: string, listenAfterMs: number): Promise<ColdShot> {
  const from = mesh.output.length;
  const askedAtMs = wallTimeMs();
  const { status, body } = await get(mesh.port, `${name}.default.localhost`);
  const answeredAtMs = wallTimeMs();
  if (status !== 200) throw new Error(`${name} answered ${status} ${body}`);
  const program = JSON.parse(body) as ProgramFacts;
  const [line] = await mesh.printed(new RegExp(`${name}-00001 +cold start .*`), { from });
  return { listenAfterMs, totalMs: answeredAtMs - askedAtMs, phases: phasesOf(line, { askedAtMs, answeredAtMs, listenAfterMs }, program) };
}

/**
 * `cold start 70 ms: decide 5 ms · create 12 ms …` is what the floor says of itself; what lies between the start of the processes and the
 * moment the request was sent on is divided by what the program says.
 */
function phasesOf(line: string, shot: { readonly askedAtMs: number; readonly answeredAtMs: number; readonly listenAfterMs: number }, program: ProgramFacts): ReadonlyMap<string, number> {
  const told = new Map<string, number>();
  for (const [, name = '', amount, unit] of line.slice(line.indexOf(':') + 1).matchAll(/(decide|create|start|ready|first byte) ([\d.]+) ?(ms|s)/g)) told.set(name, Number(amount) * (unit === 's' ? 1000 : 1));
  const firstByte = told.get('first byte') ?? Number.NaN;
  return new Map([
    ...[...told].filter(([name]) => name !== 'ready' && name !== 'first byte'),
    ['request → process', program.begunAtMs - shot.askedAtMs],
    ...ownPhases(program, shot.listenAfterMs),
    ['listening → sent on', shot.answeredAtMs - firstByte - program.listeningAtMs],
    ['sent on → answered', firstByte],
  ]);
}
