/** Certificates and tokens that change while a client runs. */
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer as createPlainServer } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { SimulatedTime } from '@sluice/kernel/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ClusterAccess, ExecPlugin } from '../kubeconfig/cluster-access.ts';
import { readBody } from '../response-body.ts';
import { HttpTransport } from './http-transport.ts';

let directory = '';
const open: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'credentials-'));
});
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
  await rm(directory, { recursive: true });
});

const pem = (name: string): string => join(import.meta.dirname, 'testdata', name);
const inPlace = (name: string): string => join(directory, name);

function clientOf(access: Partial<ClusterAccess> & Pick<ClusterAccess, 'server'>) {
  const time = new SimulatedTime();
  const transport = new HttpTransport({ access: { tls: {}, namespace: 'default', ...access }, clock: time });
  open.push(() => transport.close());
  const ask = async (): Promise<string> => readBody(await transport.send({ method: 'GET', path: '/', headers: {} }));
  return { time, ask };
}

interface TlsServer {
  readonly url: string;
  /** Serves with another certificate from the next connection on; those that are open end. */
  become(name: string): Promise<void>;
}

/** Answers with the name in the client's certificate. */
async function serveTls(name: string): Promise<TlsServer> {
  const context = async (of: string) => ({ cert: await readFile(pem(`${of}.pem`)), key: await readFile(pem(`${of}.key`)) });
  const server = createServer({ ...(await context(name)), requestCert: true, rejectUnauthorized: false }, (request, response) => {
    response.end((request.socket as TLSSocket).getPeerCertificate().subject?.CN ?? 'nobody');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push(() => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve))));
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    become: async (next) => {
      server.setSecureContext(await context(next));
      server.closeAllConnections();
    },
  };
}

describe('files with certificates', () => {
  test('a client certificate that is replaced is shown from the next minute on', async () => {
    const server = await serveTls('server-a');
    const access = { server: server.url, tls: { ca: await readFile(pem('server-a.pem'), 'utf8') }, tlsFiles: { certificate: inPlace('tls.crt'), key: inPlace('tls.key') } };
    const become = async (name: string) => {
      await copyFile(pem(`${name}.pem`), inPlace('tls.crt'));
      await copyFile(pem(`${name}.key`), inPlace('tls.key'));
    };
    await become('client-a');
    const { time, ask } = clientOf(access);
    const seen = [await ask()];
    await become('client-b');
    seen.push(await ask());
    time.advance(60_000);
    seen.push(await ask());
    expect(seen).toEqual(['client-a', 'client-a', 'client-b']);
  });

  test('a CA that is replaced lets the client follow a server to its new certificate', async () => {
    const server = await serveTls('server-a');
    await copyFile(pem('server-a.pem'), inPlace('ca.crt'));
    const { time, ask } = clientOf({ server: server.url, tlsFiles: { ca: inPlace('ca.crt') } });
    expect(await ask()).toBe('nobody');
    await server.become('server-b');
    await expect(ask()).rejects.toMatchObject({ code: 'kubernetes-unreachable' });
    await copyFile(pem('server-b.pem'), inPlace('ca.crt'));
    time.advance(60_000);
    expect(await ask()).toBe('nobody');
  });
});

/** Counts its calls in a file and says the token it finds in another. */
function plugin(more: Partial<ExecPlugin> = {}): ExecPlugin {
  const answer = '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"%s","expirationTimestamp":"%s"}}';
  const script = `echo x >> calls; printf '${answer}' "$(cat token)" "$(cat expiry)"`;
  return { apiVersion: 'client.authentication.k8s.io/v1', command: '/bin/sh', args: ['-c', `cd ${directory}; ${script}`], env: {}, installHint: '', ...more };
}

async function say(token: string, expiry: string): Promise<void> {
  await writeFile(inPlace('token'), token);
  await writeFile(inPlace('expiry'), expiry);
}

const calls = async (): Promise<number> => (await readFile(inPlace('calls'), 'utf8')).split('\n').length - 1;

/** Answers with the token it was shown, or refuses it. */
async function serveTokens(accepts: (token: string) => boolean): Promise<string> {
  const server = createPlainServer((request, response) => {
    const token = request.headers.authorization ?? '';
    response.writeHead(accepts(token) ? 200 : 401).end(token);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push(() => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve))));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('a credential plugin', () => {
  test('is asked once, and again when what it said is about to expire', async () => {
    const server = await serveTokens(() => true);
    const { time, ask } = clientOf({ server, exec: plugin() });
    const inAMinute = new Date(time.wallTime() + 60_000).toISOString();
    await say('first', inAMinute);
    expect([await ask(), await ask()]).toEqual(['Bearer first', 'Bearer first']);
    expect(await calls()).toBe(1);
    await say('second', new Date(time.wallTime() + 3_600_000).toISOString());
    time.advance(50_000);
    expect([await ask(), await ask()]).toEqual(['Bearer second', 'Bearer second']);
    expect(await calls()).toBe(2);
  });

  test('is asked again when the server refuses, but not for every request of a server that refuses everything', async () => {
    const accepted = { token: 'Bearer first' };
    const server = await serveTokens((token) => token === accepted.token);
    const { time, ask } = clientOf({ server, exec: plugin() });
    await say('first', '');
    expect(await ask()).toBe('Bearer first');
    await say('second', '');
    accepted.token = 'Bearer second';
    time.advance(10_000);
    expect(await ask()).toBe('Bearer second');
    accepted.token = 'Bearer third';
    for (let count = 0; count < 5; count++) await ask();
    expect(await calls()).toBe(2);
  });

  test('many requests at once ask it once', async () => {
    const server = await serveTokens(() => true);
    const { ask } = clientOf({ server, exec: plugin() });
    await say('one', '');
    await Promise.all(Array.from({ length: 10 }, ask));
    expect(await calls()).toBe(1);
  });

  test('is told of the cluster where it wants to know', async () => {
    const server = await serveTokens(() => true);
    await say('x', '');
    const told = plugin({ cluster: { server: 'https://here' } });
    const { ask } = clientOf({ server, exec: { ...told, args: ['-c', `printf '%s' "$KUBERNETES_EXEC_INFO" > ${inPlace('info')}; ${told.args[1]}`] } });
    await ask();
    expect(JSON.parse(await readFile(inPlace('info'), 'utf8'))).toEqual({
      kind: 'ExecCredential',
      apiVersion: 'client.authentication.k8s.io/v1',
      spec: { interactive: false, cluster: { server: 'https://here' } },
    });
  });

  test.each([
    ['is not there', { command: '/nowhere/login', installHint: 'install it from over there' }, 'there is no such program; install it from over there'],
    ['fails', { args: ['-c', 'echo log in first >&2; exit 3'] }, 'log in first'],
    ['says no JSON', { args: ['-c', 'echo hello'] }, 'its output is no JSON'],
    ['speaks another version', { args: ['-c', `echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1"}'`] }, 'instead of ExecCredential client.authentication.k8s.io/v1'],
    ['says nothing', { args: ['-c', `echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{}}'`] }, 'neither a token nor a certificate'],
  ])('that %s is told of in a sentence', async (_, more, message) => {
    const { ask } = clientOf({ server: 'http://127.0.0.1:1', exec: plugin(more) });
    await expect(ask()).rejects.toMatchObject({ code: 'kubernetes-exec-credential', message: expect.stringContaining(message) });
  });
});

test('a token file is read again at once when the server refuses what it held', async () => {
  const accepted = { token: 'Bearer first' };
  const server = await serveTokens((token) => token === accepted.token);
  await writeFile(inPlace('token'), 'first');
  const { time, ask } = clientOf({ server, token: { kind: 'file', path: inPlace('token') } });
  expect(await ask()).toBe('Bearer first');
  await writeFile(inPlace('token'), 'second');
  accepted.token = 'Bearer second';
  time.advance(1_000);
  expect(await ask()).toBe('Bearer second');
});
