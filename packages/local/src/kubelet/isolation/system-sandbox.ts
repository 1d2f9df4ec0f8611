/** One network: the relay process that holds it, and the listeners on the machine that are made for it. */
import { spawn, type ChildProcess } from 'node:child_process';
import net from 'node:net';
import { join } from 'node:path';
import { MeshError, type Logger, type Timers } from '@sluice/kernel';
import { enterCommand, insideReady, unshareCommand } from './namespace-command.ts';
import type { Sandbox, SandboxOptions, SocketAddress } from './network-isolation.ts';
import { isRelayReport, type RelayOrder } from './relay/relay-messages.ts';

export interface SystemSandboxOptions extends SandboxOptions {
  readonly timers: Timers;
  readonly logger: Logger;
  /** Path of the program that enters namespaces. */
  readonly nsenter: string;
  /** The relay's. By its PATH, `unshare` and the programs for the loopback are looked up too. */
  readonly environment: Readonly<Record<string, string>>;
}

const relayProgram = join(import.meta.dirname, 'relay', 'relay-main.ts');

/** A relay that was told to drain is killed after this long, in ms: a little more than it takes for draining. */
const endMsMax = 1500;

/** An outside address that somebody else has is tried again after this long, in ms. */
const listenAgainMs = 250;

/** Starts the relay, and fulfils as soon as programs can enter; its own program still loads then. */
export function openSystemSandbox(options: SystemSandboxOptions): Promise<Sandbox> {
  const [program, ...args] = unshareCommand([process.execPath, relayProgram, ...options.ports.map(({ inside }) => String(inside))]);
  // In a group of its own, so that an interrupt at the terminal leaves it to us.
  const relay = spawn(program, args, { env: options.environment, detached: true, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  const sandbox = new SystemSandbox(relay, options);
  return new Promise((resolve, reject) => {
    let complaint = '';
    const fail = (found: string) => {
      sandbox.abandon();
      reject(new MeshError('sandbox-not-opened', `make a network for ${options.name}: ${complaint.trim() || found}`));
    };
    relay.on('error', (error) => fail(error.message));
    relay.once('exit', (code, signal) => fail(`the relay ended (${signal ?? code})`));
    relay.stderr?.on('data', (bytes: Buffer) => {
      complaint = `${complaint}${bytes.toString()}`.slice(-500);
      options.logger.debug('relay output', { name: options.name, text: bytes.toString() });
    });
    // `up` is all it ever prints, and too short to come in pieces.
    relay.stdout?.on('data', (bytes: Buffer) => {
      if (bytes.toString().trim() !== insideReady) return;
      sandbox.opened();
      resolve(sandbox);
    });
  });
}

class SystemSandbox implements Sandbox {
  readonly #relay: ChildProcess;
  readonly #options: SystemSandboxOptions;
  readonly #gone: Promise<void>;
  /** Ports inside that are listened on now. */
  readonly #listening = new Set<number>();
  /** Listeners that are not handed over yet. */
  readonly #servers = new Set<net.Server>();
  #state: 'opening' | 'open' | 'closing' | 'gone' = 'opening';

  constructor(relay: ChildProcess, options: SystemSandboxOptions) {
    this.#relay = relay;
    this.#options = options;
    this.#gone = new Promise((resolve) => {
      relay.once('exit', () => resolve());
      if (relay.pid === undefined) resolve();
    });
    relay.once('exit', (code, signal) => this.#onExit(`the relay ended (${signal ?? code})`));
    relay.on('message', (message: unknown) => this.#onReport(message));
  }

  get wrapper(): readonly [string, ...string[]] {
    return enterCommand(this.#options.nsenter, this.#relay.pid ?? 0);
  }

  async close(): Promise<void> {
    if (this.#state === 'gone') return;
    this.#state = 'closing';
    this.#forgetServers();
    this.#tell({ kind: 'drain' });
    const kill = this.#options.timers.after(endMsMax, () => this.#relay.kill('SIGKILL'));
    await this.#gone;
    kill.cancel();
  }

  /** Programs can enter. From now on somebody is told when it breaks. */
  opened(): void {
    if (this.#state === 'opening') this.#state = 'open';
  }

  /** It came to nothing. */
  abandon(): void {
    this.#relay.kill('SIGKILL');
  }

  #onExit(message: string): void {
    const lost = this.#state === 'open';
    this.#state = 'gone';
    this.#forgetServers();
    if (lost) this.#options.onLost(message);
  }

  #onReport(message: unknown): void {
    if (!isRelayReport(message) || this.#state !== 'open') return;
    if (message.kind === 'silent') {
      this.#listening.delete(message.port);
      return;
    }
    this.#listening.add(message.port);
    const outside = this.#options.ports.find(({ inside }) => inside === message.port)?.outside ?? [];
    for (const address of outside) this.#listen(message.port, address);
  }

  /** Makes a listener and gives it away: from then on the relay accepts, and no byte comes by here. */
  #listen(inside: number, { address, port }: SocketAddress): void {
    if (this.#state !== 'open' || !this.#listening.has(inside)) return;
    const server = net.createServer((early) => early.resetAndDestroy());
    this.#servers.add(server);
    server.once('error', (error) => {
      this.#servers.delete(server);
      this.#options.logger.warn('isolated program not reachable', { name: this.#options.name, address, port, error });
      this.#options.timers.after(listenAgainMs, () => this.#listen(inside, { address, port }));
    });
    server.listen({ host: address, port, exclusive: true }, () => {
      if (this.#state !== 'open') return;
      this.#tell({ kind: 'serve', port: inside }, server, () => {
        this.#servers.delete(server);
        server.close();
      });
    });
  }

  #forgetServers(): void {
    for (const server of this.#servers) server.close();
    this.#servers.clear();
  }

  #tell(order: RelayOrder, server?: net.Server, onSent: () => void = () => {}): void {
    // A relay that has just died is noticed by its exit.
    if (this.#relay.connected) this.#relay.send(order, server, undefined, onSent);
    else onSent();
  }
}
