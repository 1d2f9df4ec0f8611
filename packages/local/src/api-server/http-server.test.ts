import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubernetesClient, configMaps } from '@sluice/kubernetes';
import { afterEach, describe, expect, it } from 'vitest';
import { createTestApiServer } from '../testing/test-api-server.ts';
import { serveApiServer, type ServedApiServer } from './http-server.ts';
import { createInProcessTransport } from './in-process-transport.ts';
import { writeKubeconfig } from './kubeconfig.ts';

let served: ServedApiServer | undefined;
afterEach(async () => {
  await served?.close();
  served = undefined;
});

describe('the server on a socket', () => {
  it('answers as it does in process', async () => {
    const api = createTestApiServer();
    served = await serveApiServer(api.server);
    const body = JSON.stringify({ metadata: { name: 'a' }, data: { text: 'ünï' } });
    const headers = { 'content-type': 'application/json' };
    const created = await fetch(`${served.url}/api/v1/namespaces/default/configmaps`, { method: 'POST', body, headers });
    expect([created.status, ((await created.json()) as { data: unknown }).data]).toEqual([201, { text: 'ünï' }]);
    const missing = await fetch(`${served.url}/api/v1/namespaces/default/configmaps/b`);
    expect([missing.status, missing.headers.get('content-type')]).toEqual([404, 'application/json']);
  });

  it('sends the head of a watch at once and its events as they come', async () => {
    const api = createTestApiServer();
    served = await serveApiServer(api.server);
    const watch = await fetch(`${served.url}/api/v1/namespaces/default/configmaps?watch=true`);
    expect(watch.status).toBe(200);
    await api.send('POST', '/api/v1/namespaces/default/configmaps', { metadata: { name: 'a' } });
    const reader = watch.body?.getReader();
    const piece = await reader?.read();
    expect(JSON.parse(new TextDecoder().decode(piece?.value))).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'a' } } });
    api.server.stop();
    expect((await reader?.read())?.done).toBe(true);
  });

  it('knows discovery that has not changed', async () => {
    const api = createTestApiServer();
    served = await serveApiServer(api.server);
    const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
    const first = await fetch(`${served.url}/apis`, { headers: { accept } });
    const etag = first.headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[0-9A-F]{128}"$/);
    const second = await fetch(`${served.url}/apis`, { headers: { accept, 'if-none-match': etag } });
    expect([second.status, await second.text()]).toEqual([304, '']);
  });

  it('refuses a body that is too large without keeping it', async () => {
    const api = createTestApiServer({ limits: { bodyBytesMax: 1000 } });
    served = await serveApiServer(api.server);
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${served.url}/api/v1/namespaces/default/configmaps`, { method: 'POST', body: 'x'.repeat(500_000), headers });
    expect(answer.status).toBe(413);
  });
});

describe('a client in the same process', () => {
  it('reads, writes and watches without sockets', async () => {
    const api = createTestApiServer();
    const client = new KubernetesClient({ transport: createInProcessTransport(api.server), fieldManager: 'test' });
    const maps = client.resource(configMaps);
    await maps.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'default' } });
    const abort = new AbortController();
    const seen: string[] = [];
    const watching = maps.watch({
      namespace: 'default',
      resourceVersion: '0',
      signal: abort.signal,
      onEvent(event) {
        seen.push(event.type);
        if (seen.length === 2) abort.abort(new Error('enough'));
      },
    });
    await maps.delete({ namespace: 'default', name: 'a' });
    await expect(watching).rejects.toThrow('enough');
    expect(seen).toEqual(['ADDED', 'DELETED']);
  });
});

describe('two servers with one seed', () => {
  it('make identical objects', async () => {
    const made = async (seed: number): Promise<string> => {
      const api = createTestApiServer({ seed });
      await api.send('POST', '/api/v1/namespaces/default/configmaps', { metadata: { generateName: 'run-' } });
      return (await api.send('GET', '/api/v1/namespaces/default/configmaps')).text;
    };
    expect(await made(7)).toBe(await made(7));
    expect(await made(7)).not.toBe(await made(8));
  });
});

describe('a kubeconfig', () => {
  it('names the server and is for the owner only', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-kubeconfig-'));
    try {
      const path = join(folder, 'deep', 'kubeconfig');
      writeKubeconfig(path, 'http://127.0.0.1:6443');
      expect(readFileSync(path, 'utf8')).toContain('server: http://127.0.0.1:6443');
      expect(statSync(path).mode & 0o777).toBe(0o600);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
