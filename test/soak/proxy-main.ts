/** The proxy under soak, in a process of its own: it is told bootstraps and asked for its numbers over IPC. */
import { readdirSync, readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { createMeter, formatProblem, silentLogger, type Logger, systemClock, systemRandom, systemTimers } from '@sluice/kernel';
import { createSystemNetwork, createSystemResolver, parseBootstrap, standardFilters, startBootstrapProxy, type BootstrapProxy } from '@sluice/proxy';

export type ToProxy = { readonly kind: 'bootstrap'; readonly text: string } | { readonly kind: 'numbers' } | { readonly kind: 'end' };

export interface ProxyNumbers {
  /** Pages of its own, which is what it costs the machine: the resident ones without those that others share. */
  readonly privateBytes: number;
  /** What is in use after a collection of garbage: heap and buffers. A leak shows here, whatever the system gives back when. */
  readonly liveBytes: number;
  readonly descriptors: number;
  readonly activeStreams: number;
  readonly activeConnections: number;
  /** Requests on, or waiting for, upstream connections. */
  readonly upstreamRequests: number;
}

export type FromProxy =
  | { readonly kind: 'ready'; readonly ports: Readonly<Record<string, number>> }
  | { readonly kind: 'refused'; readonly problems: readonly string[] }
  | { readonly kind: 'numbers'; readonly numbers: ProxyNumbers };

/** What nobody expects is shown. */
const logger: Logger = { ...silentLogger, error: (event, fields) => process.stderr.write(`${event} ${inspect(fields)}\n`) };

const parts = { clock: systemClock, timers: systemTimers, random: systemRandom, logger, meter: createMeter() };
const network = await createSystemNetwork({ ...parts, platform: process.platform, poisonsMemory: process.env['SLUICE_POISON_MEMORY'] === '1' });
let running: BootstrapProxy | undefined;

async function take(text: string): Promise<void> {
  const loaded = await parseBootstrap(text, 'soak.yaml', standardFilters);
  if (!loaded.ok) return say({ kind: 'refused', problems: loaded.problems.map(formatProblem) });
  const options = { ...parts, network, loaded: loaded.value, filters: standardFilters, createResolver: () => createSystemResolver(systemClock), openAccessLog: () => ({ write: (lines: string | Uint8Array) => void process.stderr.write(lines) }) };
  const taken = running ? await running.reload(loaded.value) : await startBootstrapProxy(options);
  if (!taken.ok) return say({ kind: 'refused', problems: taken.problems.map(formatProblem) });
  if (!running) running = taken.value as BootstrapProxy;
  say({ kind: 'ready', ports: Object.fromEntries(running.proxy.listeners().map(({ name, port }) => [name, port])) });
}

function numbers(): ProxyNumbers {
  const { gc } = globalThis as { gc?: () => void };
  if (!gc) throw new Error('memory in use can only be told after a collection: start with --expose-gc');
  gc();
  const { heapUsed, external } = process.memoryUsage();
  const proxy = running?.proxy;
  const upstream = proxy?.clusters().reduce((sum, { activeRequests, pendingRequests }) => sum + activeRequests + pendingRequests, 0) ?? 0;
  return {
    privateBytes: privateBytes(),
    liveBytes: heapUsed + external,
    descriptors: readdirSync('/proc/self/fd').length,
    activeStreams: proxy?.activeStreams ?? 0,
    activeConnections: proxy?.activeConnections ?? 0,
    upstreamRequests: upstream,
  };
}

function privateBytes(): number {
  let kiB = 0;
  for (const [, value] of readFileSync('/proc/self/smaps_rollup', 'utf8').matchAll(/^Private_(?:Clean|Dirty):\s+(\d+) kB/gm)) kiB += Number(value);
  return kiB * 1024;
}

function say(message: FromProxy): void {
  process.send?.(message);
}

let last: Promise<unknown> = Promise.resolve();
process.on('message', (message: ToProxy) => {
  if (message.kind === 'bootstrap') last = last.then(() => take(message.text));
  if (message.kind === 'numbers') say({ kind: 'numbers', numbers: numbers() });
  if (message.kind === 'end') void running?.stop().then(() => process.exit(0));
});
// Nobody is left who would end it.
process.on('disconnect', () => process.exit(0));
