/**
 * How long it takes from starting a process to its first answer: the proxy from its bundle, with a backend behind it,
 * beside a Node server that does nothing but answer. Both are started again and again, in an order that changes.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundleProxy, proxyCommand } from '../method/bundled-proxy.ts';
import { describeMachine, renderMachine, type Machine } from '../method/machine.ts';
import { pause } from '../method/measured-process.ts';
import { median, renderCells } from '../method/report.ts';
import { shuffled } from '../method/rounds.ts';
import { renderVerdicts, type Verdict } from '../method/verdict.ts';
import { sluiceYaml } from '../proxy/config/sluice-yaml.ts';

/** What the proxy may take, of the empty server's time. */
const must = 1.5;

const answer = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

export interface StartOptions {
  readonly rounds: number;
  readonly port: number;
  /** File for the raw shots; empty for none. */
  readonly json: string;
  readonly print: (line: string) => void;
}

/** Milliseconds, round by round. */
export interface StartTimes {
  readonly empty: readonly number[];
  readonly sluice: readonly number[];
}

export async function run(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: { rounds: { type: 'string', default: '15' }, port: { type: 'string', default: '18800' }, json: { type: 'string', default: '' } } });
  await measureStarts({ rounds: Number(values.rounds), port: Number(values.port), json: values.json, print: (line) => console.log(line) });
  return 0;
}

export interface StartResult {
  readonly machine: Machine;
  readonly times: StartTimes;
  readonly verdicts: readonly Verdict[];
}

export async function measureStarts({ rounds, port, json, print }: StartOptions): Promise<StartResult> {
  const machine = describeMachine();
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  const backend = createServer((socket) => socket.on('error', () => {}).on('data', () => socket.write(answer)));
  await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve));
  try {
    const emptyMain = join(folder, 'empty.mjs');
    writeFileSync(emptyMain, `import { createServer } from 'node:net';\ncreateServer((socket) => socket.on('data', () => socket.end(${JSON.stringify(answer)}))).listen(${port}, '127.0.0.1');\n`);
    const config = join(folder, 'sluice.yaml');
    writeFileSync(config, sluiceYaml({ port: port + 1, backendPort: (backend.address() as AddressInfo).port }));
    const sluice = proxyCommand('sluice', await bundleProxy(folder), config, port + 1);
    const times = { empty: [] as number[], sluice: [] as number[] };
    for (let round = 0; round <= rounds; round += 1) {
      const time = { empty: () => timeToFirstAnswer([emptyMain], port), sluice: () => timeToFirstAnswer(sluice.args, port + 1) };
      const measured = { empty: 0, sluice: 0 };
      for (const name of shuffled(['empty', 'sluice'] as const)) measured[name] = await time[name]();
      // The first fills the file cache, and Node's own of compiled code.
      if (round === 0) continue;
      times.empty.push(measured.empty);
      times.sluice.push(measured.sluice);
    }
    const verdicts: Verdict[] = [{ work: 'start to first byte served', unit: '×', peer: 'an empty Node server', must, aim: must, figures: times.sluice.map((time, round) => time / (times.empty[round] ?? Number.NaN)) }];
    print(`${renderMachine(machine)}; ${rounds} rounds`);
    print(renderStarts(times));
    print(renderVerdicts(verdicts));
    if (json !== '') writeFileSync(json, JSON.stringify({ machine, rounds, times }, null, 1));
    return { machine, times, verdicts };
  } finally {
    backend.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** From `spawn` to the last byte of the first answer. The process is ended and gone afterwards. */
async function timeToFirstAnswer(args: readonly string[], port: number): Promise<number> {
  const begun = performance.now();
  const child = spawn(process.execPath, [...args], { stdio: 'ignore' });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  try {
    while (!(await answers(port))) {
      if (child.exitCode !== null) throw new Error(`${args.join(' ')} has ended`);
      await pause(1);
    }
    return performance.now() - begun;
  } finally {
    child.kill('SIGKILL');
    await exited;
  }
}

function answers(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nHost: bench\r\n\r\n'));
  socket.once('data', (bytes: Buffer) => {
    if (!bytes.toString('latin1').startsWith('HTTP/1.1 200')) throw new Error(`answered ${bytes.toString('latin1')}`);
    resolve(true);
    socket.destroy();
  });
  socket.once('error', () => resolve(false));
  return promise;
}

function renderStarts({ empty, sluice }: StartTimes): string {
  const row = (name: string, times: readonly number[]) => [name, `${Math.min(...times).toFixed(1)} / ${median(times).toFixed(1)} / ${Math.max(...times).toFixed(1)}`];
  return renderCells(['start to first answer', 'ms min / median / max'], [row('empty Node server', empty), row('sluice proxy, bundled', sluice)]);
}
