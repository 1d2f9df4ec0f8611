/** One config service as a process of its own, that can be killed and started again on its port. */
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';

import { fetchClientStatus, type Codec } from '@sluice/xds';

import { eventually } from '../../../support/eventually.ts';

const main = new URL('../../../../packages/apps/config-server/src/main.ts', import.meta.url).pathname;

export class Replica {
  readonly address: string;
  readonly #codec: Codec;
  readonly #kubeconfig: string;
  #child: ChildProcess | undefined;

  private constructor(address: string, codec: Codec, kubeconfig: string) {
    this.address = address;
    this.#codec = codec;
    this.#kubeconfig = kubeconfig;
  }

  static async create(codec: Codec, kubeconfig: string): Promise<Replica> {
    const replica = new Replica(`127.0.0.1:${await freePort()}`, codec, kubeconfig);
    await replica.start();
    return replica;
  }

  async start(): Promise<void> {
    const args = [main, `--listen=${this.address}`, '--log-level=error'];
    this.#child = spawn(process.execPath, args, { env: { ...process.env, KUBECONFIG: this.#kubeconfig }, stdio: ['ignore', 'inherit', 'inherit'] });
    await eventually(() => this.connections(), { withinMs: 30_000 });
  }

  /** As a machine that fails: no last word. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  /** How many proxies have told it who they are. */
  async connections(): Promise<number> {
    const request = { exclude_resource_contents: true };
    const { config } = await fetchClientStatus({ address: this.address, codec: this.#codec, request, timeoutMs: 1_000 });
    return Array.isArray(config) ? config.length : 0;
  }

  /** CPU time used so far by the process, in ms. */
  cpuMs(): number {
    const fields = readFileSync(`/proc/${this.#child?.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    // utime and stime, in ticks of 10 ms.
    return (Number(fields[11]) + Number(fields[12])) * 10;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
