/** TLS between the config service and each of its clients, as processes with real handshakes; for all by one body. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestAuthority } from '@sluice/proxy/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { clients, startClient, startEmptyCluster, type ClientName, type RunningClient } from './channel-tls/components.ts';
import { GuardedService, type GuardedServiceTls } from './channel-tls/guarded-service.ts';

type Authority = Awaited<ReturnType<typeof createTestAuthority>>;

/** A start takes a second, and several when the machine is busy. */
const withinMs = { withinMs: 60_000 };
const folder = mkdtempSync(join(tmpdir(), 'sluice-channel-tls-'));
const kubeconfig = join(folder, 'kubeconfig');
const stops: (() => unknown)[] = [];
let stopCluster: () => Promise<void>;

beforeAll(async () => {
  stopCluster = await startEmptyCluster(kubeconfig);
});
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});
afterAll(async () => {
  await stopCluster();
  rmSync(folder, { recursive: true });
});

async function serviceTls(authority: Authority, dns: string): Promise<GuardedServiceTls> {
  const { certificate, privateKey } = await authority.issue({ dns: [dns] });
  return { certificate, privateKey, clientAuthority: authority.certificate };
}

async function startService(tls: GuardedServiceTls): Promise<GuardedService> {
  const service = await GuardedService.start(tls);
  stops.push(() => service.stop());
  return service;
}

/** What a client holds, written where it looks for it. */
async function writeFiles(authority: Authority, client: string): Promise<Record<'ca' | 'certificate' | 'key', string>> {
  const paths = { ca: join(folder, 'ca.crt'), certificate: join(folder, 'tls.crt'), key: join(folder, 'tls.key') };
  const issued = await authority.issue({ subject: `CN=${client}` });
  writeFileSync(paths.ca, authority.certificate);
  writeFileSync(paths.certificate, issued.certificate);
  writeFileSync(paths.key, issued.privateKey);
  return paths;
}

async function start(name: ClientName, address: string, settings: Readonly<Record<string, string>>): Promise<RunningClient> {
  const client = startClient({ name, address, settings, kubeconfig, freePort: await findFreePort() });
  stops.push(() => client.stop());
  return client;
}

async function findFreePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe.each(clients)('$name', ({ name, method, endsByBadFiles }) => {
  test('shows its certificate to a service that asks for one, and takes up new files of both when the service changes', async () => {
    const [older, newer] = [await createTestAuthority(), await createTestAuthority()];
    const service = await startService(await serviceTls(older, 'config.test'));
    const client = await start(name, service.address, { ...(await writeFiles(older, 'first')), 'server-name': 'config.test' });
    await eventually(() => expect(service.streams[0], client.said()).toEqual({ path: method, client: 'first' }), withinMs);

    const refusals = service.refusals;
    service.become(await serviceTls(newer, 'config.test'));
    // It has come with what is not good any more, and now waits.
    await eventually(() => expect(service.refusals, client.said()).toBeGreaterThan(refusals), withinMs);
    await writeFiles(newer, 'second');
    await eventually(() => expect(service.streams.at(-1), client.said()).toEqual({ path: method, client: 'second' }), withinMs);
  });

  test('asks nothing of a service whose certificate is for another name', async () => {
    const authority = await createTestAuthority();
    const service = await startService(await serviceTls(authority, 'other.test'));
    const client = await start(name, service.address, { ...(await writeFiles(authority, 'first')), 'server-name': 'config.test' });
    await eventually(() => expect(service.refusals, client.said()).toBeGreaterThan(1), withinMs);
    expect(service.streams).toEqual([]);
  });

  test('says which file cannot be used, and what may stand there', async () => {
    const paths = await writeFiles(await createTestAuthority(), 'first');
    writeFileSync(paths.ca, 'not a certificate');
    const client = await start(name, '127.0.0.1:9', { ...paths, key: join(folder, 'nowhere.key') });
    await eventually(() => {
      expect(client.said()).toContain(`--config-service-ca or SLUICE_CONFIG_SERVICE_CA: ${paths.ca} holds no certificate; must hold one or more in PEM`);
      expect(client.said()).toContain(`--config-service-key or SLUICE_CONFIG_SERVICE_KEY: ${join(folder, 'nowhere.key')} cannot be read (ENOENT); must be the path of a file in PEM`);
    }, withinMs);
    if (endsByBadFiles) expect(await client.exited).toBe(2);
  });
});

test('a sidecar believes an authority that stands in its environment, and shows nothing', async () => {
  const authority = await createTestAuthority();
  const { certificate, privateKey } = await authority.issue({ ip: ['127.0.0.1'] });
  const service = await startService({ certificate, privateKey });
  const client = await start('queue-proxy', service.address, { ca: authority.certificate });
  await eventually(() => expect(service.streams[0], client.said()).toMatchObject({ client: undefined }), withinMs);
});
