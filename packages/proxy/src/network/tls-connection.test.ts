/** TLS between two ends of our own, over both ways of reading, with memory poisoned after use. */
import { Buffer } from 'node:buffer';
import { createHash, randomBytes } from 'node:crypto';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Address, BoundListener, Connection, ConnectionHandler, MeshError, TlsAcceptOptions, TlsConnectOptions, TlsContextSettings, TlsIdentity } from '@sluice/kernel';
import { TestAuthority } from '../testing/certificates.ts';
import { createPoisonedNetwork } from '../testing/poisoned-network.ts';
import { SystemNetwork } from './system-network.ts';

let authority: TestAuthority;
let serverIdentity: TlsIdentity;
const cleanups: (() => unknown)[] = [];

beforeAll(async () => {
  authority = await TestAuthority.create();
  serverIdentity = await identity({ dns: ['a.test'] });
});

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function identity(wishes: Parameters<TestAuthority['issue']>[0]): Promise<TlsIdentity> {
  const { certificate, privateKey } = await authority.issue(wishes);
  return { certificateChain: certificate, privateKey, password: undefined, ocspStaple: undefined };
}

function settings(changes: Partial<TlsContextSettings> = {}): TlsContextSettings {
  return {
    side: changes.identity === serverIdentity ? 'server' : 'client',
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    cipherSuites: [],
    curves: [],
    signatureAlgorithms: [],
    prefersOwnCiphers: false,
    identity: undefined,
    trustedCa: undefined,
    usesSystemRoots: false,
    crl: undefined,
    sessions: undefined,
    ...changes,
  };
}

/** What an end has seen. */
class Recorder implements ConnectionHandler {
  connection: Connection | undefined;
  bytes = 0;
  error: MeshError | undefined;
  readonly opened = Promise.withResolvers<Connection>();
  readonly ended = Promise.withResolvers<void>();
  readonly closed = Promise.withResolvers<MeshError | undefined>();
  readonly hash = createHash('sha256');
  onOpen(): void {
    this.opened.resolve(this.connection as Connection);
  }
  onData(memory: Buffer, length: number): void {
    this.bytes += length;
    this.hash.update(memory.subarray(0, length));
  }
  onDrain(): void {}
  onEnd(): void {
    this.ended.resolve();
    this.connection?.end();
  }
  onClose(error?: MeshError): void {
    this.closed.resolve(error);
  }
}

describe.each(['reused', 'events'] as const)('over %s', (accept) => {
  const createNetwork = () => createPoisonedNetwork(accept);

  async function serve(network: SystemNetwork, options: Partial<TlsAcceptOptions> & { settings?: TlsContextSettings }, createHandler: () => ConnectionHandler & { connection?: Connection | undefined }): Promise<Address> {
    const context = options.context ?? network.tls.createContext(options.settings ?? settings({ identity: serverIdentity }));
    const bound: BoundListener = await network.listen({ host: '127.0.0.1', port: 0 }, (plain) => {
      plain.handler = { onData() {}, onDrain() {}, onEnd() {}, onClose() {} };
      const handler = createHandler();
      handler.connection = network.tls.accept(plain, { alpnProtocols: [], clientCertificate: 'not-asked', ...options, context }, handler);
      cleanups.push(() => handler.connection?.destroy());
    });
    cleanups.push(() => bound.close());
    return bound.address;
  }

  function dial(network: SystemNetwork, address: Address, tls: Partial<TlsConnectOptions> = {}, timeoutMs = 0): Recorder {
    const recorder = new Recorder();
    const context = tls.context ?? network.tls.createContext(settings({ trustedCa: authority.certificate }));
    recorder.connection = network.connect(address, recorder, { timeoutMs, tls: { serverName: 'a.test', alpnProtocols: [], ...tls, context } });
    cleanups.push(() => recorder.connection?.destroy());
    return recorder;
  }

  test('both ends know what was agreed, and who the other is', async () => {
    const network = createNetwork();
    const server = new Recorder();
    const address = await serve(
      network,
      { settings: settings({ identity: serverIdentity, trustedCa: authority.certificate }), alpnProtocols: ['h2', 'http/1.1'], clientCertificate: 'required' },
      () => server,
    );
    const own = network.tls.createContext(settings({ trustedCa: authority.certificate, identity: await identity({ uri: ['spiffe://test/client'] }) }));
    const client = dial(network, address, { context: own, alpnProtocols: ['http/1.1'] });
    const [clientEnd, serverEnd] = await Promise.all([client.opened.promise, server.opened.promise]);
    expect(clientEnd.tls).toMatchObject({ version: 'TLSv1.3', cipher: 'TLS_AES_128_GCM_SHA256', alpnProtocol: 'http/1.1', isResumed: false, chainFault: undefined });
    expect(serverEnd.tls).toMatchObject({ version: 'TLSv1.3', alpnProtocol: 'http/1.1', serverName: 'a.test', chainFault: undefined });
    expect(clientEnd.tls?.peerCertificate?.subjectAltName).toBe('DNS:a.test');
    expect(serverEnd.tls?.peerCertificate?.subjectAltName).toBe('URI:spiffe://test/client');
    expect(serverEnd.remote.port).toBe(clientEnd.local.port);
  });

  test('what is wrong with a chain is said, not acted upon', async () => {
    const network = createNetwork();
    const address = await serve(network, { settings: settings({ identity: await identity({ dns: ['a.test'], fromDays: -3, toDays: -1 }) }) }, () => new Recorder());
    const expired = await dial(network, address).opened.promise;
    expect(expired.tls?.chainFault).toBe('CERT_HAS_EXPIRED');
    const other = await TestAuthority.create('CN=other root');
    const stranger = await dial(network, address, { context: network.tls.createContext(settings({ trustedCa: other.certificate })) }).opened.promise;
    expect(stranger.tls?.chainFault).toMatch(/UNABLE_TO|SELF_SIGNED|EXPIRED/);
  });

  test('a handshake that cannot succeed ends in one close, with the reason, on both ends', async () => {
    const network = createNetwork();
    const server = new Recorder();
    const address = await serve(network, { settings: settings({ identity: serverIdentity, minVersion: 'TLSv1.3' }) }, () => server);
    const old = network.tls.createContext(settings({ trustedCa: authority.certificate, maxVersion: 'TLSv1.2' }));
    const client = dial(network, address, { context: old });
    expect(await client.closed.promise).toMatchObject({ code: 'tls-failed', message: expect.stringContaining('TLS_error:|SSL routines:') });
    expect(await server.closed.promise).toMatchObject({ code: 'tls-failed', message: expect.stringContaining('unsupported protocol') });
  });

  test('a client without the certificate that is required is turned away', async () => {
    const network = createNetwork();
    const server = new Recorder();
    const address = await serve(network, { clientCertificate: 'required', settings: settings({ identity: serverIdentity, trustedCa: authority.certificate, maxVersion: 'TLSv1.2' }) }, () => server);
    const client = dial(network, address);
    expect((await server.closed.promise)?.message).toContain('peer did not return a certificate');
    expect((await client.closed.promise)?.code).toBe('tls-failed');
  });

  test('a client that offers only protocols we do not speak is turned away', async () => {
    const network = createNetwork();
    const address = await serve(network, { alpnProtocols: ['h2'] }, () => new Recorder());
    expect((await dial(network, address, { alpnProtocols: ['http/1.1'] }).closed.promise)?.message).toContain('no application protocol');
  });

  test('what was read before TLS took over is not lost', async () => {
    const network = createNetwork();
    const context = network.tls.createContext(settings({ identity: serverIdentity }));
    const server = new Recorder();
    const bound = await network.listen({ host: '127.0.0.1', port: 0 }, (plain) => {
      let first = Buffer.alloc(0);
      plain.handler = {
        onData(memory, length) {
          first = Buffer.concat([first, memory.subarray(0, length)]);
          if (first.length < 50) return;
          server.connection = network.tls.accept(plain, { context, alpnProtocols: [], clientCertificate: 'not-asked', firstBytes: first }, server);
        },
        onDrain() {},
        onEnd() {},
        onClose() {},
      };
    });
    cleanups.push(() => bound.close(), () => server.connection?.destroy());
    const client = dial(network, bound.address);
    await client.opened.promise;
    client.connection?.write(Buffer.from('hello'), 0, 5);
    client.connection?.end();
    await server.ended.promise;
    expect(server.bytes).toBe(5);
    expect(await client.closed.promise).toBeUndefined();
  });

  test('the certificate is chosen by the name that is asked for', async () => {
    const network = createNetwork();
    const b = network.tls.createContext(settings({ identity: await identity({ dns: ['b.test'] }) }));
    const a = network.tls.createContext(settings({ identity: serverIdentity }));
    const address = await serve(network, { context: a, contextFor: (name) => (name === 'b.test' ? b : a) }, () => new Recorder());
    const namesOf = async (serverName: string) => (await dial(network, address, { serverName }).opened.promise).tls?.peerCertificate?.subjectAltName;
    expect([await namesOf('b.test'), await namesOf('c.test'), await namesOf('')]).toEqual(['DNS:b.test', 'DNS:a.test', 'DNS:a.test']);
  });

  test('a session is taken up again, also by another context of the same scope, and not beyond it', async () => {
    const network = createNetwork();
    const contextOf = (scope: string) => network.tls.createContext(settings({ identity: serverIdentity, sessions: { scope, ticketKeys: [], timeoutSeconds: undefined } }));
    let context = contextOf('one');
    const address = await serve(network, { context, contextFor: () => context }, () => new Recorder());
    const sessions: Buffer[] = [];
    const clientContext = network.tls.createContext(settings({ trustedCa: authority.certificate }));
    const first = dial(network, address, { context: clientContext, onSession: (session) => sessions.push(session) });
    expect((await first.opened.promise).tls?.isResumed).toBe(false);
    await expect.poll(() => sessions.length).toBeGreaterThan(0);
    context = contextOf('one');
    const [session] = sessions;
    const again = await dial(network, address, { context: clientContext, session }).opened.promise;
    expect(again.tls?.isResumed).toBe(true);
    const elsewhere = await serve(network, { context: contextOf('two') }, () => new Recorder());
    const elsewhereEnd = await dial(network, elsewhere, { context: clientContext, session: sessions[1] ?? session }).opened.promise;
    expect(elsewhereEnd.tls?.isResumed).toBe(false);
  });

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('the client of a session of %s that is taken up again is still known', async (maxVersion) => {
    const network = createNetwork();
    const servers: Recorder[] = [];
    const context = network.tls.createContext(settings({ maxVersion, identity: serverIdentity, trustedCa: authority.certificate, sessions: { scope: 'one', ticketKeys: [], timeoutSeconds: undefined } }));
    const address = await serve(network, { context, clientCertificate: 'required' }, () => {
      const server = new Recorder();
      servers.push(server);
      return server;
    });
    const sessions: Buffer[] = [];
    const own = network.tls.createContext(settings({ trustedCa: authority.certificate, identity: await identity({ uri: ['spiffe://test/client'] }) }));
    await dial(network, address, { context: own, onSession: (session) => sessions.push(session) }).opened.promise;
    await expect.poll(() => sessions.length).toBeGreaterThan(0);
    await dial(network, address, { context: own, session: sessions[0] }).opened.promise;
    await servers[1]?.opened.promise;
    expect(servers.map(({ connection }) => connection?.tls)).toMatchObject([
      { isResumed: false, peerCertificate: { subjectAltName: 'URI:spiffe://test/client' } },
      { isResumed: true, chainFault: undefined, peerCertificate: { subjectAltName: 'URI:spiffe://test/client' } },
    ]);
  });

  test('connecting times out when the peer says nothing, or not enough', async () => {
    const network = createNetwork();
    const silent = createServer((socket) => socket.on('error', () => {}));
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    cleanups.push(() => silent.close());
    const { port } = silent.address() as AddressInfo;
    const client = dial(network, { host: '127.0.0.1', port }, {}, 50);
    expect(await client.closed.promise).toMatchObject({ code: 'connect-timeout', retry: 'always-safe' });
  });

  test('a large body comes whole in both directions while the reader stops again and again', async () => {
    const network = createNetwork();
    const total = 8 * 1024 * 1024;
    const sent = randomBytes(total);
    const expected = createHash('sha256').update(sent).digest('hex');
    const hashes: Promise<string>[] = [];
    /** Sends all of it from one piece of memory that it reuses whenever it may, and reads with stops of its own. */
    class Peer implements ConnectionHandler {
      connection: Connection | undefined;
      #memory = Buffer.allocUnsafeSlow(64 * 1024);
      #sent = 0;
      #received = 0;
      readonly #hash = createHash('sha256');
      readonly #done = Promise.withResolvers<string>();
      constructor() {
        hashes.push(this.#done.promise);
      }
      onOpen(): void {
        this.connection?.dedicateReadMemory(true);
        this.#send();
      }
      onData(memory: Buffer, length: number): void {
        this.#received += length;
        const connection = this.connection as Connection;
        // Memory of its own stays while it is paused: it is looked at only later.
        connection.pause();
        const isStart = this.#received === length;
        const kept = isStart ? Buffer.from(memory.subarray(0, length)) : memory.subarray(0, length);
        setImmediate(() => {
          this.#hash.update(kept);
          if (this.#received === total) this.#done.resolve(this.#hash.digest('hex'));
          else connection.resume();
        });
      }
      onDrain(): void {
        this.#send();
      }
      onEnd(): void {}
      onClose(): void {}
      #send(): void {
        while (this.#sent < total) {
          const piece = Math.min(1 + (this.#sent % 50_000), total - this.#sent);
          sent.copy(this.#memory, 0, this.#sent, this.#sent + piece);
          this.#sent += piece;
          const isTaken = (this.connection as Connection).write(this.#memory, 0, piece);
          if (!isTaken) return;
          this.#memory.fill(0xdb);
        }
      }
    }
    const address = await serve(network, {}, () => new Peer());
    const client = new Peer();
    const context = network.tls.createContext(settings({ trustedCa: authority.certificate }));
    client.connection = network.connect(address, client, { tls: { context, serverName: 'a.test', alpnProtocols: [] } });
    cleanups.push(() => client.connection?.destroy());
    await expect.poll(() => hashes.length).toBe(2);
    expect(await Promise.all(hashes)).toEqual([expected, expected]);
  });
});

test('parts that do not fit together make no context', () => {
  const network = new SystemNetwork({ accept: 'events', poisonsMemory: true });
  const create = (changes: Partial<TlsContextSettings>) => () => network.tls.createContext(settings(changes));
  expect(create({ identity: { ...serverIdentity, privateKey: 'no key' } })).toThrow(expect.objectContaining({ code: 'tls-context-invalid' }));
  expect(create({ cipherSuites: ['NO-SUCH-CIPHER'] })).toThrow(expect.objectContaining({ code: 'tls-context-invalid' }));
  expect(create({ curves: ['no-such-curve'] })).toThrow(expect.objectContaining({ code: 'tls-context-invalid' }));
});
