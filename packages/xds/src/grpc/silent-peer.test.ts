/**
 * A connection of which one end has vanished without a word: no byte comes, and nobody says that it is over. Both ends ping, so
 * the client goes to a new connection and the server lets go of the stream.
 */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

import { createMeter, createSeededRandom, silentLogger, systemClock as clock, systemTimers as timers } from '@sluice/kernel';
import { afterEach, expect, test, vi } from 'vitest';

import { AdsServer, createAdsClient, createSnapshot, loadCodec, openGrpcServer, openGrpcTransport, SnapshotCache, typeUrls } from '../index.ts';
import { RecordingConsumer, sampleCluster } from '../testing/index.ts';

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

/** Far below what anybody would use, and far above what a busy machine needs for a ping. */
const keepAlive = { intervalMs: 300, timeoutMs: 700 };
const waiting = { timeout: 20_000, interval: 20 };

/** Passes bytes on until it falls silent: then the connections that it has are there, and dead. */
class Relay {
  readonly #pairs: (readonly [Socket, Socket])[] = [];
  readonly #server = createServer((near) => {
    const far = connect(this.#target, '127.0.0.1');
    this.#pairs.push([near, far]);
    for (const socket of [near, far]) socket.on('error', () => {});
    near.pipe(far);
    far.pipe(near);
  });
  readonly #target: number;

  constructor(target: number) {
    this.#target = target;
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    stops.push(() => this.#close());
    return (this.#server.address() as AddressInfo).port;
  }

  fallSilent(): void {
    for (const [near, far] of this.#pairs.splice(0)) {
      near.unpipe(far).pause();
      far.unpipe(near).pause();
      stops.push(() => near.destroy(), () => far.destroy());
    }
  }

  #close(): void {
    this.#server.close();
    for (const [near, far] of this.#pairs) {
      near.destroy();
      far.destroy();
    }
  }
}

test.each(['sotw', 'delta'] as const)('both ends of a dead connection find out, and the client comes back: %s', async (variant) => {
  const codec = await loadCodec('core');
  const cache = new SnapshotCache();
  const publish = (...names: readonly string[]): void => {
    const made = createSnapshot(names.map((name) => sampleCluster({ name, endpoints: [] })), codec);
    if (!made.ok) throw new Error('not a snapshot');
    cache.set('gateway', made.snapshot);
  };
  publish('a');
  const ads = new AdsServer({ cache, clock, timers, logger: silentLogger, meter: createMeter() });
  const server = await openGrpcServer({ address: '127.0.0.1:0', codec, timers, keepAlive, handlers: { ...ads.handlers, onLoadStats() {}, onLoad() {} } });
  stops.push(() => server.stop());
  const relay = new Relay(server.port);
  const transport = await openGrpcTransport({ address: `127.0.0.1:${await relay.listen()}`, codec, keepAlive });
  stops.push(() => transport.close());
  const settings = { codec, clock, timers, random: createSeededRandom(1), logger: silentLogger, meter: createMeter(), node: { id: 'proxy', cluster: 'gateway' }, consumer: new RecordingConsumer() };
  const client = variant === 'delta' ? createAdsClient({ ...settings, variant, transport }) : createAdsClient({ ...settings, variant, transport });
  client.start();
  stops.push(() => client.stop());
  await vi.waitFor(() => expect([...client.held(typeUrls.cluster).keys()]).toEqual(['a']), waiting);
  const [first] = ads.sessions;

  relay.fallSilent();
  publish('a', 'b');
  await vi.waitFor(() => expect([...client.held(typeUrls.cluster).keys()]).toEqual(['a', 'b']), waiting);
  // The stream of the dead connection is gone, and the one that is there is another.
  await vi.waitFor(() => expect([...ads.sessions]).toHaveLength(1), waiting);
  expect([...ads.sessions][0]).not.toBe(first);
});
