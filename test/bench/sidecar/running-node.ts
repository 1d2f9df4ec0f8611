/** A Node process that is started to be looked at: when it listens, how often it wakes up, what memory is its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { connect } from 'node:net';
import { pause } from '../method/measured-process.ts';

export class RunningNode {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #begunAt: number;
  readonly #exited: Promise<void>;

  constructor([file, ...args]: readonly [string, ...string[]], environment: Readonly<Record<string, string>>, port: number) {
    this.port = port;
    this.#begunAt = performance.now();
    this.#child = spawn(file, args, { env: { PATH: process.env['PATH'], ...environment }, stdio: ['ignore', 'ignore', 'inherit'] });
    this.#exited = new Promise((resolve) => this.#child.once('exit', () => resolve()));
  }

  /** From its start until its port takes connections, asked each millisecond. */
  async whenListening(): Promise<number> {
    while (!(await accepts(this.port))) {
      if (this.#child.exitCode !== null) throw new Error(`it ended with ${this.#child.exitCode}`);
      await pause(1);
    }
    return performance.now() - this.#begunAt;
  }

  /** How often threads of it have waited for something and gone on, since it began. */
  wakeUps(): number {
    let count = 0;
    for (const thread of readdirSync(`/proc/${this.#child.pid}/task`)) {
      count += Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(readFileSync(`/proc/${this.#child.pid}/task/${thread}/status`, 'utf8'))?.[1] ?? 0);
    }
    return count;
  }

  privateMiB(): number {
    let kibibytes = 0;
    for (const [, amount] of readFileSync(`/proc/${this.#child.pid}/smaps_rollup`, 'utf8').matchAll(/^Private_(?:Clean|Dirty):\s+(\d+) kB/gm)) kibibytes += Number(amount);
    return kibibytes / 1024;
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => (socket.destroy(), resolve(true)));
    socket.once('error', () => resolve(false));
  });
}

/** So many clients, each with one request after the other. */
export async function askOften(port: number, { connections, forMs }: { readonly connections: number; readonly forMs: number }): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const endsAt = performance.now() + forMs;
  const client = async (): Promise<void> => {
    while (performance.now() < endsAt) {
      await new Promise<void>((resolve) => {
        const asked = get({ host: '127.0.0.1', port, agent }, (reply) => reply.resume().once('close', resolve));
        asked.once('error', () => resolve());
      });
    }
  };
  await Promise.all(Array.from({ length: connections }, client));
  agent.destroy();
}
