/** Digests from a registry that asks who one is: a small one, over real sockets. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseImageName, type PullCredentials } from '@sluice/serving';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { resolveDigest } from './digest-resolver.ts';
import { systemFetch } from './system-fetch.ts';

const manifest = JSON.stringify({ schemaVersion: 2 });
const digest = `sha256:${createHash('sha256').update(manifest).digest('hex')}`;
const basic = `Basic ${Buffer.from('ewe:secret').toString('base64')}`;
const seen: string[] = [];
let host = '';

/** Repositories by how they are guarded: `open`, `token`, `password`, and `silent`, whose HEAD tells no digest. */
function answer(asked: IncomingMessage, response: ServerResponse): void {
  const { pathname, searchParams } = new URL(asked.url ?? '', 'http://registry');
  seen.push(`${asked.method} ${pathname} ${asked.headers.authorization ?? '-'}`);
  if (pathname === '/token') {
    if (asked.headers.authorization !== basic) return void response.writeHead(403).end();
    return void response.end(JSON.stringify({ token: `for ${searchParams.get('scope') ?? ''} of ${searchParams.get('service') ?? ''}` }));
  }
  const [, , repository = '', , tag = ''] = pathname.split('/');
  const wanted = { token: `Bearer for repository:token:pull of small`, password: basic }[repository];
  if (wanted !== undefined && asked.headers.authorization !== wanted) {
    const challenge = repository === 'password' ? 'Basic realm="small"' : `Bearer realm="http://${host}/token",service="small"`;
    return void response.writeHead(401, { 'www-authenticate': challenge }).end();
  }
  if (tag !== 'v1') return void response.writeHead(404).end();
  if (repository === 'stalled') return;
  const told = repository === 'silent' ? {} : { 'docker-content-digest': digest };
  response.writeHead(200, { ...told, 'content-type': asked.headers.accept?.split(',')[0] ?? '' }).end(asked.method === 'HEAD' ? undefined : manifest);
}

const server = createServer(answer);
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

function resolve(image: string, credentials?: PullCredentials, signal = new AbortController().signal): Promise<string> {
  const parsed = parseImageName(`${host}/${image}`);
  if (!parsed) throw new Error('no name');
  return resolveDigest(parsed, credentials, systemFetch, signal);
}

describe('a registry', () => {
  const ewe = { username: 'ewe', password: 'secret' };

  test('that is open tells it at once', async () => {
    seen.length = 0;
    expect(await resolve('open:v1')).toBe(digest);
    expect(seen).toEqual(['HEAD /v2/open/manifests/v1 -']);
  });

  test('that wants a token tells where to fetch it', async () => {
    seen.length = 0;
    expect(await resolve('token:v1', ewe)).toBe(digest);
    expect(seen).toEqual([
      'HEAD /v2/token/manifests/v1 -',
      `GET /token ${basic}`,
      'HEAD /v2/token/manifests/v1 Bearer for repository:token:pull of small',
    ]);
  });

  test('that wants a password is given it', async () => {
    expect(await resolve('password:v1', ewe)).toBe(digest);
  });

  test('that tells no digest is asked for the manifest', async () => {
    expect(await resolve('silent:v1')).toBe(digest);
  });

  test.each([
    ['without the image', 'open:v2', ewe, /^HEAD http:\/\/127[^ ]*\/v2\/open\/manifests\/v2: unexpected status code 404/],
    ['that knows somebody else', 'token:v1', { username: 'ewe', password: 'wrong' }, /^GET http:\/\/127[^ ]*\/token: unexpected status code 403$/],
    ['that wants a password of nobody', 'password:v1', undefined, /asks for a password, and there is none$/],
  ])('%s says so, and gives no password away', async (_, image, credentials, message) => {
    const failure = await resolve(image, credentials).catch((reason: unknown) => reason);
    expect(String((failure as Error).message)).toMatch(message);
    expect(String((failure as Error).message)).not.toContain('wrong');
  });

  test('that does not answer is waited for no longer than one may', async () => {
    const abort = new AbortController();
    const waiting = resolve('stalled:v1', undefined, abort.signal);
    abort.abort(new Error('long enough'));
    await expect(waiting).rejects.toThrow();
  });
});
