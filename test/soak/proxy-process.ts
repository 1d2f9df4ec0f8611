/** The driver's end of the proxy under soak. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { dataPlaneFlags } from '@sluice/cli';
import type { FromProxy, ProxyNumbers, ToProxy } from './proxy-main.ts';

export class ProxyProcess {
  readonly #child: ChildProcess;
  readonly #answers: { readonly kind: FromProxy['kind']; readonly settle: (message: FromProxy) => void }[] = [];
  /** Bootstraps that were refused: none should be. */
  readonly refused: string[] = [];

  constructor() {
    this.#child = fork(fileURLToPath(new URL('proxy-main.ts', import.meta.url)), [], { execArgv: [...dataPlaneFlags, '--expose-gc'], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#child.on('message', (message: FromProxy) => {
      if (message.kind === 'refused') this.refused.push(...message.problems);
      const kind = message.kind === 'refused' ? 'ready' : message.kind;
      const at = this.#answers.findIndex((waiting) => waiting.kind === kind);
      this.#answers.splice(at, at === -1 ? 0 : 1)[0]?.settle(message);
    });
  }

  get hasDied(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Ports by listener, once it is in force. */
  async apply(text: string): Promise<Readonly<Record<string, number>>> {
    const answer = await this.#ask('ready', { kind: 'bootstrap', text });
    return answer.kind === 'ready' ? answer.ports : {};
  }

  async numbers(): Promise<ProxyNumbers> {
    const answer = await this.#ask('numbers', { kind: 'numbers' });
    if (answer.kind !== 'numbers') throw new Error('the proxy gave no numbers');
    return answer.numbers;
  }

  async end(): Promise<void> {
    if (this.hasDied) return;
    const ended = once(this.#child, 'exit');
    this.#child.send({ kind: 'end' } satisfies ToProxy);
    await ended;
  }

  #ask(kind: FromProxy['kind'], message: ToProxy): Promise<FromProxy> {
    const { promise, resolve } = Promise.withResolvers<FromProxy>();
    this.#answers.push({ kind, settle: resolve });
    this.#child.send(message);
    return promise;
  }
}
