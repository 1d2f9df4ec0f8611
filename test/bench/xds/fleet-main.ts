/**
 * Many proxies as a config service sees them: each a connection of its own with a delta stream, that asks as a gateway does
 * and accepts everything. What comes is not looked into, so that a machine holds hundreds.
 */
import { createMeter, createSeededRandom, silentLogger, systemClock, systemTimers } from '@sluice/kernel';
import { createAdsClient, loadCodec, openGrpcTransport, typeUrls, virtualHostDiscoveryFeature, type Codec, type DeltaDiscoveryResponse } from '@sluice/xds';

import { answer, type ConnectAnswer, type FleetQuestion } from './messages.ts';

const address = process.argv[2] ?? '';
const clientFeatures = [virtualHostDiscoveryFeature];
/** How many clusters there are, and so assignments; and how many virtual hosts in both tables. */
const clusters = Number(process.argv[3]);
const hosts = Number(process.argv[4]);
const codec = rememberingFirstRequests(await loadCodec('core'));
const tableNames = ['external_services', 'internal_services'];
/** What the first cold proxy received, as type → name → version, for those that come back warm. */
const held = new Map<string, Map<string, string>>();
const proxies: Proxy[] = [];

/**
 * All warm proxies say that they hold the same. It is encoded once, or this one process would be slower than the service
 * that it is there to keep busy.
 */
function rememberingFirstRequests(real: Codec): Codec {
  const encoded = new Map<unknown, ReturnType<Codec['encode']>>();
  return {
    ...real,
    encode(messageName, value) {
      const held = value['initial_resource_versions'];
      if (typeof held !== 'object' || held === null || Object.keys(held).length === 0) return real.encode(messageName, value);
      const known = encoded.get(held) ?? real.encode(messageName, value);
      encoded.set(held, known);
      return known;
    },
  };
}

class Proxy {
  bytes = 0;
  readonly #received = new Map<string, number>();
  readonly #isWarm: boolean;
  #transport: Awaited<ReturnType<typeof openGrpcTransport>> | undefined;
  #onComplete: (() => void) | undefined;
  #isClosed = false;

  constructor(isWarm: boolean) {
    this.#isWarm = isWarm;
  }

  /** Fulfils when it has everything, or has been told that it has. */
  async connect(): Promise<void> {
    this.#transport = await openGrpcTransport({ address, codec });
    const stream = this.#transport.openDeltaAds();
    const complete = new Promise<void>((resolve) => (this.#onComplete = resolve));
    const ask = (typeUrl: string, subscribe: readonly string[], isFirst: boolean, responseNonce = ''): void => {
      const initialVersions = isFirst && this.#isWarm ? versionsOf(typeUrl) : {};
      const node = { id: 'bench', cluster: 'sluice-gateway', clientFeatures };
      stream.send({ typeUrl, subscribe, unsubscribe: [], initialVersions, responseNonce, ...(isFirst ? { node } : {}) });
    };
    stream.listen({
      onMessage: (response) => {
        this.#take(response);
        ask(response.typeUrl, [], false, response.nonce);
        if (response.typeUrl === typeUrls.cluster && !this.#isWarm) {
          const names = response.resources.map(({ name }) => name);
          if (names.length > 0) ask(typeUrls.clusterLoadAssignment, names, false);
        }
        if (this.#isComplete()) this.#onComplete?.();
      },
      onEnd: ({ code, details }) => {
        if (!this.#isClosed) console.error(`stream ended: ${code} ${details}`);
      },
    });
    ask(typeUrls.cluster, [], true);
    if (this.#isWarm) ask(typeUrls.clusterLoadAssignment, [...(held.get(typeUrls.clusterLoadAssignment) ?? new Map<string, string>()).keys()], true);
    ask(typeUrls.listener, [], true);
    ask(typeUrls.routeConfiguration, tableNames, true);
    ask(typeUrls.virtualHost, [], true);
    await complete;
  }

  close(): void {
    this.#isClosed = true;
    this.#transport?.close();
  }

  #take({ typeUrl, resources }: DeltaDiscoveryResponse): void {
    this.#received.set(typeUrl, (this.#received.get(typeUrl) ?? 0) + resources.length);
    let versions = held.get(typeUrl);
    if (!versions) held.set(typeUrl, (versions = new Map()));
    for (const { name, version, resource } of resources) {
      this.bytes += (resource?.value.length ?? 0) + name.length + version.length;
      versions.set(name, version);
    }
  }

  #isComplete(): boolean {
    const has = (typeUrl: string, count: number): boolean => (this.#received.get(typeUrl) ?? -1) >= count;
    // A warm one is told of its clusters and listeners, with nothing in it.
    if (this.#isWarm) return has(typeUrls.cluster, 0) && has(typeUrls.listener, 0) && has(typeUrls.virtualHost, 0);
    return has(typeUrls.cluster, clusters) && has(typeUrls.clusterLoadAssignment, clusters) && has(typeUrls.routeConfiguration, 1) && has(typeUrls.virtualHost, hosts);
  }
}

const versionObjects = new Map<string, Readonly<Record<string, string>>>();

/** What is held of a type as a request says it, the same object for all. */
function versionsOf(typeUrl: string): Readonly<Record<string, string>> {
  const known = versionObjects.get(typeUrl) ?? Object.fromEntries(held.get(typeUrl) ?? []);
  versionObjects.set(typeUrl, known);
  return known;
}

process.send?.('ready');

answer<FleetQuestion>(async (question) => {
  switch (question.kind) {
    case 'connect':
      return connect(question.proxies, question.parallel, question.warm);
    case 'whole client':
      return connectWholeClient();
    case 'keep':
      for (const proxy of proxies.splice(question.proxies)) proxy.close();
      return 'kept';
    case 'stop':
      for (const proxy of proxies) proxy.close();
      proxies.length = 0;
      return 'stopped';
  }
});

async function connect(count: number, parallel: number, isWarm: boolean): Promise<ConnectAnswer> {
  const before = performance.now();
  const fresh = Array.from({ length: count }, () => new Proxy(isWarm));
  const waiting = [...fresh];
  await Promise.all(
    Array.from({ length: Math.min(parallel, count) }, async () => {
      for (let next = waiting.pop(); next; next = waiting.pop()) await next.connect();
    }),
  );
  proxies.push(...fresh);
  return { ms: performance.now() - before, bytes: fresh.reduce((sum, { bytes }) => sum + bytes, 0) };
}

async function connectWholeClient(): Promise<ConnectAnswer> {
  const transport = await openGrpcTransport({ address, codec });
  const before = performance.now();
  let assignments = 0;
  let virtualHosts = 0;
  let finish = (): void => {};
  const complete = new Promise<void>((resolve) => (finish = resolve));
  const client = createAdsClient({
    node: { id: 'bench~whole', cluster: 'sluice-gateway', clientFeatures },
    variant: 'delta',
    transport,
    codec,
    consumer: {
      onUpdate({ typeUrl, changed }) {
        if (typeUrl === typeUrls.clusterLoadAssignment) assignments += changed.length;
        if (typeUrl === typeUrls.virtualHost) virtualHosts += changed.length;
        if (virtualHosts >= hosts && assignments >= clusters) finish();
        return [];
      },
    },
    clock: systemClock,
    timers: systemTimers,
    random: createSeededRandom(1),
    logger: silentLogger,
    meter: createMeter(),
  });
  client.start();
  await complete;
  const ms = performance.now() - before;
  client.stop();
  transport.close();
  return { ms, bytes: 0 };
}
