/** The real resolver against a name server of our own on loopback. */
import { Buffer } from 'node:buffer';
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMeter, type LookupFamily, type NameAnswer, type ResolverSettings } from '@sluice/kernel';
import { expect, test } from 'vitest';
import { SystemResolver } from './system-resolver.ts';

type Zone = Readonly<Record<string, { readonly A?: readonly string[]; readonly AAAA?: readonly number[][]; readonly ttl?: number } | 'SERVFAIL' | 'silence'>>;

interface NameServer extends AsyncDisposable {
  readonly settings: ResolverSettings;
  /** `type name` of each question. */
  readonly asked: string[];
}

/** Answers questions about `zone`; of names that are not in it, that there are none. */
async function startNameServer(zone: Zone): Promise<NameServer> {
  const asked: string[] = [];
  const socket = createSocket('udp4', (question, { address, port }) => {
    const answer = answerTo(question, zone, asked);
    if (answer) socket.send(answer, port, address);
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.bind(0, '127.0.0.1', resolve);
  await promise;
  const { port } = socket.address() as AddressInfo;
  return {
    settings: { servers: [{ host: '127.0.0.1', port }], searches: true, timeoutMs: 200, triesMax: 2 },
    asked,
    async [Symbol.asyncDispose]() {
      const closed = Promise.withResolvers<void>();
      socket.close(() => closed.resolve());
      await closed.promise;
    },
  };
}

function answerTo(question: Buffer, zone: Zone, asked: string[]): Buffer | undefined {
  let at = 12;
  const labels: string[] = [];
  while (question[at] !== 0) {
    const length = question[at] as number;
    labels.push(question.toString('latin1', at + 1, at + 1 + length));
    at += length + 1;
  }
  const end = at + 5;
  const type = question.readUInt16BE(at + 1) === 28 ? 'AAAA' : 'A';
  const name = labels.join('.');
  asked.push(`${type} ${name}`);
  const known = zone[name];
  if (known === 'silence') return undefined;
  const records: Buffer[] = [];
  if (known !== undefined && known !== 'SERVFAIL') {
    const values = type === 'A' ? (known.A ?? []).map((text) => text.split('.').map(Number)) : (known.AAAA ?? []);
    for (const bytes of values) {
      const record = Buffer.alloc(12);
      record.writeUInt16BE(0xc00c, 0);
      record.writeUInt16BE(type === 'A' ? 1 : 28, 2);
      record.writeUInt16BE(1, 4);
      record.writeUInt32BE(known.ttl ?? 60, 6);
      record.writeUInt16BE(bytes.length, 10);
      records.push(record, Buffer.from(bytes));
    }
  }
  const header = Buffer.from(question.subarray(0, 12));
  const code = known === undefined ? 3 : known === 'SERVFAIL' ? 2 : 0;
  header.writeUInt16BE(0x8180 | code, 2);
  header.writeUInt16BE(records.length / 2, 6);
  header.writeUInt16BE(0, 10);
  return Buffer.concat([header, question.subarray(12, end), ...records]);
}

const loopback6 = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];

function ask(resolver: SystemResolver, name: string, settings: ResolverSettings, family: LookupFamily = 'AUTO'): Promise<NameAnswer> {
  return new Promise((resolve) => void resolver.resolve({ name, family, settings }, resolve));
}

/** A resolver of a machine with these two files. */
function machine(hosts = '', resolvConf = '') {
  const folder = mkdtempSync(join(tmpdir(), 'resolver-'));
  const paths = { hostsPath: join(folder, 'hosts'), resolvConfPath: join(folder, 'resolv.conf') };
  writeFileSync(paths.hostsPath, hosts);
  writeFileSync(paths.resolvConfPath, resolvConf);
  let now = 0;
  const meter = createMeter();
  return {
    resolver: new SystemResolver({ now: () => now, meter, ...paths }),
    count: (name: string) => meter.collect().find((family) => family.name === `envoy_dns_cares_${name}`)?.samples[0]?.value,
    writeHosts: (text: string) => writeFileSync(paths.hostsPath, text),
    pass: (ms: number) => void (now += ms),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  };
}

test('asks the servers it is told of, for both families, and says how long answers hold', async () => {
  await using server = await startNameServer({ 'app.test': { A: ['10.0.0.1', '10.0.0.2'], AAAA: [loopback6], ttl: 30 } });
  using host = machine();
  expect(await ask(host.resolver, 'app.test', server.settings)).toEqual({ kind: 'addresses', addresses: [{ host: '::1', ttlMs: 30_000 }] });
  const v4 = await ask(host.resolver, 'app.test', server.settings, 'V4_ONLY');
  expect(v4.kind === 'addresses' && v4.addresses.map((address) => address.host).sort()).toEqual(['10.0.0.1', '10.0.0.2']);
  expect(server.asked.sort()).toEqual(['A app.test', 'A app.test', 'AAAA app.test']);
});

test('no such name, and nothing of the family, are empty; trouble of the server is a failure', async () => {
  await using server = await startNameServer({ 'v4.test': { A: ['10.0.0.1'] }, 'broken.test': 'SERVFAIL', 'quiet.test': 'silence' });
  using host = machine();
  expect(await ask(host.resolver, 'none.test', server.settings)).toEqual({ kind: 'empty' });
  expect(await ask(host.resolver, 'v4.test', server.settings, 'V6_ONLY')).toEqual({ kind: 'empty' });
  expect(await ask(host.resolver, 'broken.test', server.settings)).toEqual({ kind: 'failed', reason: 'ESERVFAIL' });
  expect(await ask(host.resolver, 'quiet.test', server.settings)).toEqual({ kind: 'failed', reason: 'ETIMEOUT' });
  expect(['resolve_total', 'pending_resolutions', 'not_found', 'timeout', 'get_addr_failure'].map(host.count)).toEqual([7, 0, 3, 2, 2]);
  expect(await ask(host.resolver, `${'x'.repeat(300)}.test`, server.settings)).toMatchObject({ kind: 'failed' });
  expect(host.count('pending_resolutions')).toBe(0);
});

test('short names are tried in the search domains, first where they have few dots', async () => {
  await using server = await startNameServer({ 'app.ns.svc.test': { A: ['10.0.0.1'] }, 'app.ns': { A: ['10.0.0.9'] } });
  using host = machine('', 'search ns.svc.test svc.test\noptions ndots:5\n');
  expect(await ask(host.resolver, 'app', server.settings, 'V4_ONLY')).toMatchObject({ addresses: [{ host: '10.0.0.1' }] });
  expect(await ask(host.resolver, 'app.ns', server.settings, 'V4_ONLY')).toMatchObject({ addresses: [{ host: '10.0.0.1' }] });
  expect(await ask(host.resolver, 'app.ns.', server.settings, 'V4_ONLY')).toMatchObject({ addresses: [{ host: '10.0.0.9' }] });
  expect(await ask(host.resolver, 'app.ns', { ...server.settings, searches: false }, 'V4_ONLY')).toMatchObject({ addresses: [{ host: '10.0.0.9' }] });
});

test('a server in trouble does not send a short name on to another domain', async () => {
  await using server = await startNameServer({ 'app.a.test': 'SERVFAIL', 'app.b.test': { A: ['10.0.0.1'] } });
  using host = machine('', 'search a.test b.test\n');
  expect(await ask(host.resolver, 'app', server.settings, 'V4_ONLY')).toMatchObject({ kind: 'failed' });
});

test('what the hosts file says needs no server, also after it has changed', async () => {
  await using server = await startNameServer({});
  using host = machine('10.1.1.1 db db.test # the database\nfd00::1 db\nfe80::1%lo0 link\n');
  expect(await ask(host.resolver, 'DB', server.settings, 'V4_ONLY')).toMatchObject({ addresses: [{ host: '10.1.1.1', ttlMs: Infinity }] });
  expect(await ask(host.resolver, 'db', server.settings)).toMatchObject({ addresses: [{ host: 'fd00::1' }] });
  expect(await ask(host.resolver, 'link', server.settings)).toEqual({ kind: 'empty' });
  host.writeHosts('10.1.1.22 db.test\n');
  host.pass(1_001);
  expect(await ask(host.resolver, 'db.test', server.settings)).toMatchObject({ addresses: [{ host: '10.1.1.22' }] });
});

test('localhost is this machine, over IPv4 unless a family is asked for, and addresses are themselves', async () => {
  await using server = await startNameServer({});
  using host = machine();
  expect(await ask(host.resolver, 'localhost', server.settings)).toMatchObject({ addresses: [{ host: '127.0.0.1' }] });
  expect(await ask(host.resolver, 'web.localhost', server.settings, 'V6_ONLY')).toMatchObject({ addresses: [{ host: '::1' }] });
  expect(await ask(host.resolver, '10.9.8.7', server.settings)).toMatchObject({ addresses: [{ host: '10.9.8.7' }] });
  expect(server.asked).toEqual([]);
});

test('an answer that is not wanted any more is not given', async () => {
  await using server = await startNameServer({ 'app.test': { A: ['10.0.0.1'] } });
  using host = machine();
  const answers: NameAnswer[] = [];
  host.resolver.resolve({ name: 'app.test', family: 'V4_ONLY', settings: server.settings }, (answer) => answers.push(answer)).cancel();
  await ask(host.resolver, 'app.test', server.settings, 'V4_ONLY');
  expect(answers).toEqual([]);
});
