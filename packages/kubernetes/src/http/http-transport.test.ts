import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SimulatedTime } from '@sluice/kernel/testing';
import { afterEach, describe, expect, test } from 'vitest';
import { configMaps, pods } from '../builtin-kinds.ts';
import { KubernetesClient } from '../client.ts';
import { HttpTransport } from './http-transport.ts';

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

async function serve(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server: Server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push(
    () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(resolve);
      }),
  );
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function createClient(server: string, token?: { readonly kind: 'file'; readonly path: string }) {
  const time = new SimulatedTime();
  const access = { server, tls: {}, namespace: 'default', ...(token ? { token } : {}) };
  const transport = new HttpTransport({ access, clock: time });
  open.push(() => transport.close());
  return { time, client: new KubernetesClient({ transport, fieldManager: 'test' }) };
}

describe('HttpTransport', () => {
  test('sends the request as the API wants it and gives the answer back', async () => {
    const seen: Record<string, unknown> = {};
    const server = await serve((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        Object.assign(seen, {
          method: request.method,
          url: request.url,
          headers: request.headers,
          body: JSON.parse(body),
        });
        response.writeHead(200, { 'content-type': 'application/json' }).end('{"metadata":{"name":"a"}}');
      });
    });
    const { client } = createClient(server);
    const answer = await client
      .resource(configMaps)
      .patch({ namespace: 'n', name: 'a' }, { type: 'merge', body: { data: { x: 'y' } } });

    expect(answer.metadata.name).toBe('a');
    expect(seen).toMatchObject({
      method: 'PATCH',
      url: '/api/v1/namespaces/n/configmaps/a?fieldManager=test',
      headers: { 'content-type': 'application/merge-patch+json', 'user-agent': 'test' },
      body: { data: { x: 'y' } },
    });
  });

  test('turns a Status into an error that says what was tried and why not', async () => {
    const server = await serve((_, response) => {
      const status = { kind: 'Status', apiVersion: 'v1', reason: 'NotFound', code: 404, message: 'pods "a" not found' };
      response.writeHead(404, { 'content-type': 'application/json' }).end(JSON.stringify(status));
    });
    const { client } = createClient(server);

    await expect(client.resource(pods).get({ namespace: 'n', name: 'a' })).rejects.toMatchObject({
      code: 'kubernetes-not-found',
      httpStatus: 404,
      message: 'GET /api/v1/namespaces/n/pods/a: pods "a" not found',
    });
    expect(await client.resource(pods).find({ namespace: 'n', name: 'a' })).toBeUndefined();
  });

  test('gives watch events as they come, and ends when told to', async () => {
    const server = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{"type":"ADDED","object":{"metadata":{"name":"ä"}}}\n{"type":"MODI');
      setTimeout(() => response.write('FIED","object":{"metadata":{"name":"b"}}}\n'), 5);
    });
    const { client } = createClient(server);
    const stop = new AbortController();
    const heard: string[] = [];
    const watch = client.resource(configMaps).watch({
      signal: stop.signal,
      onEvent: (event) => {
        heard.push(`${event.type} ${event.object.metadata.name}`);
        if (heard.length === 2) stop.abort();
      },
    });

    await expect(watch).rejects.toThrow();
    expect(heard).toEqual(['ADDED ä', 'MODIFIED b']);
  });

  test('says that the server cannot be reached', async () => {
    const { client } = createClient('http://127.0.0.1:1');
    await expect(client.resource(pods).list()).rejects.toMatchObject({
      code: 'kubernetes-unreachable',
      source: 'upstream',
    });
  });

  test('reads the token file anew once a minute', async () => {
    const seen: (string | undefined)[] = [];
    const server = await serve((request, response) => {
      seen.push(request.headers.authorization);
      response.end('{"metadata":{},"items":[]}');
    });
    const directory = await mkdtemp(join(tmpdir(), 'token-'));
    open.push(() => rm(directory, { recursive: true }));
    const path = join(directory, 'token');
    await writeFile(path, 'first\n');
    const { time, client } = createClient(server, { kind: 'file', path });
    await client.resource(pods).list();
    await writeFile(path, 'second\n');
    await client.resource(pods).list();
    time.advance(60_000);
    await client.resource(pods).list();

    expect(seen).toEqual(['Bearer first', 'Bearer first', 'Bearer second']);
  });
});
