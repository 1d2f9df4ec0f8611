/** A config service behind TLS, with and without certificates of clients. */
import { readFileSync } from 'node:fs';

import { Client, credentials, type ChannelCredentials } from '@grpc/grpc-js';
import { createMeter, silentLogger, systemClock, systemTimers, type Timers } from '@sluice/kernel';
import { SimulatedTime } from '@sluice/kernel/testing';
import { afterEach, expect, test } from 'vitest';

import { AdsServer, createSnapshot, loadCodec, openGrpcServer, SnapshotCache, typeUrls, type ServerTls } from '../index.ts';
import { sampleCluster } from '../testing/index.ts';
import { configServiceMethods } from './methods.ts';

const pem = (name: string): Buffer => readFileSync(new URL(`../../testdata/tls/${name}.pem`, import.meta.url));
const identity = { certificateChain: String(pem('server')), privateKey: String(pem('server-key')) };

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

async function serve(tls: ServerTls | (() => ServerTls), timers: Timers = systemTimers): Promise<number> {
  const codec = await loadCodec('core');
  const cache = new SnapshotCache();
  const result = createSnapshot([sampleCluster({ name: 'a', endpoints: [] })], codec);
  if (!result.ok) throw new Error('not a snapshot');
  cache.set('gateway', result.snapshot);
  const ads = new AdsServer({ cache, clock: systemClock, timers: systemTimers, logger: silentLogger, meter: createMeter() });
  const handlers = { ...ads.handlers, onLoadStats() {}, onLoad() {} };
  const server = await openGrpcServer({ address: '127.0.0.1:0', codec, timers, handlers, tls });
  stops.push(() => server.stop());
  return server.port;
}

/** How many clusters it is told of, or what gRPC says instead. */
async function ask(port: number, channel: ChannelCredentials): Promise<number | string> {
  const { ads } = configServiceMethods(await loadCodec('core'));
  const client = new Client(`127.0.0.1:${port}`, channel, { 'grpc.ssl_target_name_override': 'server.test' });
  const call = client.makeBidiStreamRequest(ads.path, ads.requestSerialize, ads.responseDeserialize);
  stops.push(() => client.close(), () => call.cancel());
  call.write({ typeUrl: typeUrls.cluster, versionInfo: '', responseNonce: '', resourceNames: [], node: { id: 'n', cluster: 'gateway' } });
  return new Promise((resolve) => {
    call.on('data', ({ resources }) => resolve(resources.length));
    call.on('error', ({ code }: { readonly code?: number }) => resolve(`status ${code}`));
  });
}

test('a client that trusts the authority is served, and one that does not goes away', async () => {
  const port = await serve(identity);
  expect(await ask(port, credentials.createSsl(pem('authority')))).toBe(1);
  expect(await ask(port, credentials.createSsl(pem('stranger')))).toBe('status 14');
});

test('where clients must show who they are, one without a certificate is not served', async () => {
  const port = await serve({ ...identity, clientCertificateAuthorities: String(pem('authority')) });
  expect(await ask(port, credentials.createSsl(pem('authority'), pem('client-key'), pem('client')))).toBe(1);
  expect(await ask(port, credentials.createSsl(pem('authority')))).toBe('status 14');
});

test('what a server is given later counts for clients that come later', async () => {
  const time = new SimulatedTime();
  let given: ServerTls = { ...identity, clientCertificateAuthorities: String(pem('stranger')) };
  const port = await serve(() => given, time);
  const asClient = () => ask(port, credentials.createSsl(pem('authority'), pem('client-key'), pem('client')));
  expect(await asClient()).toBe('status 14');
  given = { ...identity, clientCertificateAuthorities: String(pem('authority')) };
  time.advance(10_000);
  expect(await asClient()).toBe(1);
});
