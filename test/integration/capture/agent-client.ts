/** An agent of `agent.ts`, as the test speaks to it. */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { NetworkNamespace } from '../../support/network-namespaces.ts';

export interface AgentOrder {
  readonly id: number;
  readonly what: 'serve' | 'ask' | 'serve-http' | 'ask-http' | 'relay';
  readonly host: string;
  readonly port: number;
  /** What is asked for, or whom a relay leads to. */
  readonly target?: string;
}

/** `address|port` each. */
export interface Introduction {
  /** Who came, as the server sees it. */
  readonly peer: string;
  /** Where it came to. */
  readonly local: string;
  /** Which host was asked for, by HTTP. */
  readonly host?: string;
}

export interface AgentAnswer {
  readonly id: number;
  readonly error?: string;
  /** The client's own end. */
  readonly own?: string;
  readonly said?: Introduction;
}

export class Agent {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #waiting = new Map<number, (answer: AgentAnswer) => void>();
  #orders = 0;

  constructor(network: NetworkNamespace, uid = 0) {
    const [program, ...args] = network.within([process.execPath, join(import.meta.dirname, 'agent.ts')], uid);
    this.#process = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    createInterface({ input: this.#process.stdout }).on('line', (line) => {
      const answer = JSON.parse(line) as AgentAnswer;
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    });
  }

  async serve(host: string, port: number): Promise<void> {
    const { error } = await this.#order('serve', host, port);
    if (error !== undefined) throw new Error(`serve ${host} ${port}: ${error}`);
  }

  /** Whether the connection came from the client itself, and where it arrived; or why it did not. */
  async ask(host: string, port: number): Promise<{ readonly isDirect: boolean; readonly at: string; readonly from: string } | { readonly error: string }> {
    const { error = 'no word', own = '', said } = await this.#order('ask', host, port);
    return said ? { isDirect: said.peer === own, at: said.local, from: said.peer.split('|')[0] ?? '' } : { error };
  }

  async serveHttp(host: string, port: number): Promise<void> {
    const { error } = await this.#order('serve-http', host, port);
    if (error !== undefined) throw new Error(`serve ${host} ${port}: ${error}`);
  }

  /** Leads whoever comes there to a Unix socket. */
  async relay(host: string, port: number, path: string): Promise<void> {
    await this.#order('relay', host, port, path);
  }

  /** Where a request arrived and for whom, or its status when that is no success. */
  async askHttp(host: string, port: number, target = '/'): Promise<string> {
    const { error = 'no word', said } = await this.#order('ask-http', host, port, target);
    return said ? `${said.local} ${said.host}` : error;
  }

  close(): void {
    this.#process.stdin.end();
  }

  #order(what: AgentOrder['what'], host: string, port: number, target?: string): Promise<AgentAnswer> {
    const id = (this.#orders += 1);
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#process.stdin.write(`${JSON.stringify({ id, what, host, port, ...(target === undefined ? {} : { target }) } satisfies AgentOrder)}\n`);
    });
  }
}
