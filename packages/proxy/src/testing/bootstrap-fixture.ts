/**
 * A proxy on real sockets that runs from listeners and clusters as users write them, and takes others later, as from a
 * server.
 */
import { createMeter, createSeededRandom, formatProblem, silentLogger, systemClock, systemTimers, type Address, type Network, type Problem, type Random, type Tracer } from '@sluice/kernel';
import { typeUrls, versionOf } from '@sluice/resources';
import { startBootstrapProxy } from '../config/bootstrap-proxy.ts';
import { parseBootstrap } from '../config/file-bootstrap.ts';
import { standardFilters } from '../filters/standard-filters.ts';
import { createSystemResolver } from '../network/dns/create-system-resolver.ts';
import { createPoisonedNetwork } from './poisoned-network.ts';
import type { ProcessReadings } from '../overload/overload-manager.ts';
import type { DrainOptions, Proxy } from '../proxy-options.ts';
import { connectRaw, type RawPeer } from './raw-peer.ts';

export interface BootstrapFixture extends AsyncDisposable {
  readonly proxy: Proxy;
  /** What was said about the configuration it began with: warnings. */
  readonly problems: readonly Problem[];
  /** Where a listener really listens. */
  addressOf(listener: string): Address;
  /** A new connection to a listener. */
  connect(listener: string): Promise<RawPeer>;
  /** Puts listeners in force beside the static ones; those that were offered before and are not there now go. Gives what is refused, as text. */
  offerListeners(listeners: readonly { readonly name: string }[]): Promise<readonly string[]>;
  /** Lines of all access logs, in the order they were written. */
  readonly logLines: readonly string[];
  /** The sum over all labels that include these. */
  metric(name: string, labels?: Readonly<Record<string, string>>): number;
}

export interface BootstrapFixtureOptions {
  readonly listeners?: readonly object[];
  readonly clusters?: readonly object[];
  /** Other fields of the bootstrap. */
  readonly bootstrap?: object;
  readonly processReadings?: ProcessReadings;
  readonly network?: Network;
  readonly drain?: DrainOptions;
  readonly tracer?: Tracer;
  /** Default seeded. */
  readonly random?: Random;
}

/** @throws when the configuration has a problem */
export async function startBootstrap({ listeners = [], clusters = [], bootstrap = {}, processReadings, network, drain, tracer, random }: BootstrapFixtureOptions): Promise<BootstrapFixture> {
  const meter = createMeter();
  const logLines: string[] = [];
  const json = { ...bootstrap, static_resources: { listeners, clusters } };
  const loaded = await parseBootstrap(JSON.stringify(json), 'test.yaml', standardFilters);
  if (!loaded.ok) throw new Error(loaded.problems.map(formatProblem).join('\n'));
  const started = await startBootstrapProxy({
    loaded: loaded.value,
    filters: standardFilters,
    clock: systemClock,
    timers: systemTimers,
    random: random ?? createSeededRandom(1),
    network: network ?? createPoisonedNetwork(),
    createResolver: (dns) => createSystemResolver(systemClock, dns, meter),
    ...(processReadings ? { processReadings } : {}),
    ...(tracer ? { tracer } : {}),
    ...(drain ? { drain } : {}),
    logger: silentLogger,
    meter,
    openAccessLog: () => ({ write: (lines) => void logLines.push(...lines.toString().split('\n').filter((line) => line !== '')) }),
  });
  if (!started.ok) throw new Error(started.problems.map(formatProblem).join('\n'));
  const { proxy, applier } = started.value;
  const clients: RawPeer[] = [];
  let offered: readonly string[] = [];
  const addressOf = (name: string): Address => {
    const found = proxy.listeners().find((listener) => listener.name === name);
    if (!found) throw new Error(`there is no listener ${name}`);
    return { host: '127.0.0.1', port: found.port };
  };
  return {
    proxy,
    problems: [...loaded.problems, ...started.problems],
    addressOf,
    logLines,
    async connect(listener) {
      const client = await connectRaw(addressOf(listener));
      clients.push(client);
      return client;
    },
    async offerListeners(next) {
      const names = next.map(({ name }) => name);
      const rejected = applier.onUpdate({
        typeUrl: typeUrls.listener,
        version: versionOf(next),
        changed: next.map((value) => ({ name: value.name, version: versionOf(value), value })),
        removed: offered.filter((name) => !names.includes(name)),
      });
      offered = names;
      const problems = await applier.applyNow();
      return [...rejected.flatMap((resource) => resource.problems), ...problems].map(({ path, message }) => `${path}: ${message}`);
    },
    metric(name, labels = {}) {
      const samples = meter.collect().find((family) => family.name === name)?.samples ?? [];
      const wanted = samples.filter((sample) => Object.entries(labels).every(([label, value]) => sample.labels[label] === value));
      return wanted.reduce((sum, { value }) => sum + value, 0);
    },
    async [Symbol.asyncDispose]() {
      for (const { socket } of clients) socket.destroy();
      await started.value.stop();
    },
  };
}
