/**
 * The bare program that is woken: it listens after so many milliseconds and answers with what it knows of its own start. It is started
 * both by the mesh and by hand, so that what it needs by itself is measured in the same run.
 */
import { spawn } from 'node:child_process';
import { get } from 'node:http';
import { join } from 'node:path';
import { pause } from '../method/measured-process.ts';

/** Moments on the wall clock, in ms with a fraction, as the program has seen them. */
export interface ProgramFacts {
  /** Its process began. */
  readonly begunAtMs: number;
  /** Its first line ran. */
  readonly firstLineAtMs: number;
  readonly listeningAtMs: number;
}

export const programFile = 'bare.cjs';

export const programText = `
  const { performance } = require('node:perf_hooks');
  const wall = () => performance.timeOrigin + performance.now();
  const facts = { begunAtMs: performance.timeOrigin, firstLineAtMs: wall(), listeningAtMs: 0 };
  const listen = () => {
    require('node:http').createServer((request, response) => response.end(JSON.stringify(facts)))
      .listen(process.env.PORT, process.env.HOST, () => { facts.listeningAtMs = wall(); });
  };
  const afterMs = Number(process.env.LISTEN_AFTER_MS);
  if (afterMs > 0) setTimeout(listen, afterMs);
  else listen();
`;

/** A Service that has no pod before it is asked, and keeps the one it gets for as long as a run takes. */
export function programService(name: string, listenAfterMs: number): object {
  return {
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Service',
    metadata: { name, namespace: 'default' },
    spec: {
      template: {
        metadata: { annotations: { 'autoscaling.knative.dev/initial-scale': '0', 'autoscaling.knative.dev/window': '300s' } },
        spec: { containers: [{ image: 'sluice.dev/bench/bare', command: ['node', programFile], env: [{ name: 'LISTEN_AFTER_MS', value: String(listenAfterMs) }] }] },
      },
    },
  };
}

/** Wall clock with the fraction that `Date.now` lacks. */
export function wallTimeMs(): number {
  return performance.timeOrigin + performance.now();
}

export interface StartedByHand {
  /** Until the first answer was there. */
  readonly totalMs: number;
  readonly phases: ReadonlyMap<string, number>;
}

/** Started by hand and asked again each millisecond. The process is gone afterwards. */
export async function startByHand(folder: string, port: number, listenAfterMs: number): Promise<StartedByHand> {
  // The folder of compiled code is the floor's, which gives it to each program it starts.
  const env = { PATH: process.env['PATH'], PORT: String(port), HOST: '127.0.0.1', LISTEN_AFTER_MS: String(listenAfterMs), NODE_COMPILE_CACHE: join(folder, 'state/compile-cache') };
  const child = spawn('node', [programFile], { cwd: join(folder, 'services'), env, stdio: 'ignore' });
  // Forking this process is not counted: the floor has shells that wait for programs.
  const begunAtMs = wallTimeMs();
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  try {
    for (;;) {
      const facts = await ask(port);
      const answeredAtMs = wallTimeMs();
      if (facts) return { totalMs: answeredAtMs - begunAtMs, phases: new Map([['to its process', facts.begunAtMs - begunAtMs], ...ownPhases(facts, listenAfterMs), ['listening → answered', answeredAtMs - facts.listeningAtMs]]) };
      if (child.exitCode !== null) throw new Error(`${programFile} has ended with ${child.exitCode}`);
      await pause(1);
    }
  } finally {
    child.kill('SIGKILL');
    await exited;
  }
}

/** What the program does by itself, however it was started. */
export function ownPhases(facts: ProgramFacts, listenAfterMs: number): readonly (readonly [string, number])[] {
  return [
    ['process → first line', facts.firstLineAtMs - facts.begunAtMs],
    ['first line → listening, less t', facts.listeningAtMs - facts.firstLineAtMs - listenAfterMs],
  ];
}

/** Undefined while nobody listens. */
function ask(port: number): Promise<ProgramFacts | undefined> {
  return new Promise((resolve, reject) => {
    const asked = get({ host: '127.0.0.1', port, agent: false }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (piece: string) => (text += piece)).once('end', () => resolve(JSON.parse(text) as ProgramFacts)).once('error', reject);
    });
    asked.once('error', () => resolve(undefined));
  });
}
