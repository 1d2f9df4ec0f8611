/**
 * The conformance list of Knative's networking layers, case by case: Ingresses whose backends are plain Services, as a controller that
 * is not ours would write them. What a gateway answers is looked at from outside.
 * https://github.com/knative/networking/tree/main/test/conformance/ingress
 */
import { domainConfigMap, podAutoscalerObject, podSlice, revisionObject, routeObject, serverlessServiceObject } from '@sluice/config-server/testing';
import { createTestAuthority } from '@sluice/proxy/testing';
import type { Secret } from '@sluice/kubernetes';
import { ingressHash, ingressKind, ownIngressClass, type Ingress, type IngressPath, type IngressRule, type IngressSpec, type IngressSplit } from '@sluice/serving';
import { request as requestHttps } from 'node:https';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { eventually } from '../../../support/eventually.ts';
import { EdgeWorld, freePort, serviceObjects, tells } from './edge-world.ts';

let world: EdgeWorld;
let httpsPort = 0;
const stops: (() => unknown)[] = [];
beforeAll(async () => {
  httpsPort = await freePort();
  world = await new EdgeWorld({ gateway: { externalTlsPort: httpsPort } }).start();
  world.put(domainConfigMap('example.com'));
  for (const name of ['one', 'two', 'three', 'four']) await world.backend(name);
});
afterAll(async () => {
  for (const stop of stops) await stop();
  await world?.stop();
});

const split = (serviceName: string, more: Partial<IngressSplit> = {}): IngressSplit => ({ serviceNamespace: 'default', serviceName, servicePort: 80, ...more });
const to = (serviceName: string, more: Partial<IngressPath> = {}): IngressPath => ({ splits: [split(serviceName, { percent: 100 })], ...more });
const rule = (host: string, ...paths: IngressPath[]): IngressRule => ({ hosts: [host], visibility: 'ExternalIP', http: { paths } });

function anIngress(name: string, spec: IngressSpec, annotations: Readonly<Record<string, string>> = { 'networking.knative.dev/ingress-class': ownIngressClass }): Ingress {
  return { apiVersion: 'networking.internal.knative.dev/v1alpha1', kind: 'Ingress', metadata: { namespace: 'default', name, annotations }, spec };
}

async function statusOf(name: string): Promise<Ingress['status']> {
  return (await world.client.resource(ingressKind).get({ namespace: 'default', name })).status;
}

async function whenReady(name: string): Promise<void> {
  await eventually(async () => expect((await statusOf(name))?.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({ status: 'True' }));
}

/** Puts an Ingress in and waits until its status says that it is in force. */
async function declare(name: string, ...rules: IngressRule[]): Promise<void> {
  world.put(anIngress(name, { rules }));
  await whenReady(name);
}

/** How often each backend answers `count` requests. */
async function shares(host: string, path: string, count: number): Promise<Readonly<Record<string, number>>> {
  const found: Record<string, number> = {};
  for (let batch = 0; batch < count; batch += 20) {
    for (const { seen } of await Promise.all(Array.from({ length: 20 }, () => world.ask(host, path)))) found[seen?.backend ?? 'nobody'] = (found[seen?.backend ?? 'nobody'] ?? 0) + 1;
  }
  return found;
}

describe('basics', () => {
  test('a host is served as soon as the status says so', async () => {
    await declare('basics', rule('basics.example.com', to('one')));
    expect(await world.ask('basics.example.com')).toMatchObject({ status: 200, seen: { backend: 'one', host: 'basics.example.com' } });
    expect(await world.ask('basics.example.com:8080')).toMatchObject({ status: 200 });
  });

  test('http2: a port named http2 is spoken to in HTTP/2', async () => {
    await world.backend('h2c', { protocol: 'h2', port: { name: 'http2' } });
    await declare('http2', rule('http2.example.com', to('h2c')));
    expect((await world.ask('http2.example.com')).seen).toMatchObject({ version: '2.0' });
  });

  test('grpc: a call over plain HTTP/2 goes through with its trailers', async () => {
    await world.backend('grpc', {
      protocol: 'h2',
      port: { name: 'h2c' },
      handler: (request, response) => {
        response.writeHead(200, { 'content-type': 'application/grpc' });
        // Each message goes back as it comes, while more are still on their way.
        request.on('data', (piece: Buffer) => response.write(piece));
        request.on('end', () => {
          response.addTrailers({ 'grpc-status': '0' });
          response.end();
        });
      },
    });
    await declare('grpc', rule('grpc.example.com', to('grpc')));
    const answer = await world.ask('grpc.example.com', '/ping.Ping/Ping', { protocol: 'h2', method: 'POST', headers: { 'content-type': 'application/grpc', te: 'trailers' }, body: 'ping' });
    expect(answer).toMatchObject({ status: 200, body: 'ping', trailers: { 'grpc-status': '0' } });
  });

  test('grpc/split: both backends are seen', async () => {
    for (const name of ['grpc-a', 'grpc-b']) await world.backend(name, { protocol: 'h2', port: { name: 'h2c' } });
    await declare('grpc-split', rule('grpc-split.example.com', { splits: [split('grpc-a', { percent: 50 }), split('grpc-b', { percent: 50 })] }));
    expect(Object.keys(await shares('grpc-split.example.com', '/', 60)).sort()).toEqual(['grpc-a', 'grpc-b']);
  });
});

describe('headers', () => {
  test('pre-split: a path sets a header, whatever the client says', async () => {
    await declare('pre-split', rule('pre-split.example.com', to('one', { appendHeaders: { 'Foo-Bar-Baz': 'blurg' } })));
    for (const headers of [{}, { 'foo-bar-baz': 'bogus' }]) expect((await world.ask('pre-split.example.com', '/', { headers })).seen?.headers['foo-bar-baz']).toBe('blurg');
  });

  test('post-split: each share sets its own', async () => {
    const splits = ['one', 'two', 'three', 'four'].map((name) => split(name, { percent: 25, appendHeaders: { 'Foo-Bar-Baz': name } }));
    await declare('post-split', rule('post-split.example.com', { splits }));
    const seen = new Set<string>();
    for (let turn = 0; turn < 100 && seen.size < 4; turn += 1) {
      const answer = await world.ask('post-split.example.com', '/', { headers: turn % 2 ? { 'foo-bar-baz': 'bogus' } : {} });
      expect(answer.seen?.headers['foo-bar-baz']).toBe(answer.seen?.backend);
      seen.add(answer.seen?.backend ?? '');
    }
    expect([...seen].sort()).toEqual(['four', 'one', 'three', 'two']);
  });

  test('probe: a gateway says which content it serves, and lets other probes through', async () => {
    const rules = [rule('probe.example.com', to('one'))];
    await declare('probe', ...rules);
    const ask = (hash: string) => world.ask('probe.example.com', '/healthz', { headers: { 'k-network-probe': 'probe', 'k-network-hash': hash } });
    const { status, headers } = await ask('override');
    expect([status, headers['k-network-hash']]).toEqual([200, ingressHash({ rules }, 'default', 'probe')]);
    expect((await ask('random')).seen?.headers['k-network-hash']).toBe('random');
  });

  test('tags: a path that asks for a header takes exactly its value', async () => {
    const byTag = to('two', { headers: { 'Knative-Serving-Tag': { exact: 'the-tag' } } });
    await declare('tags', rule('tags.example.com', byTag, to('one')));
    const ask = async (tag: string | undefined) => (await world.ask('tags.example.com', '/', { headers: tag === undefined ? {} : { 'knative-serving-tag': tag } })).seen?.backend;
    expect(await Promise.all(['the-tag', undefined, '', 'other'].map(ask))).toEqual(['two', 'one', 'one', 'one']);
  });
});

describe('dispatch', () => {
  test('hosts/multiple: all hosts of a rule are served', async () => {
    const hosts = ['m1.example.com', 'm2.example.com', 'm3.example.com'];
    await declare('multiple', { hosts, visibility: 'ExternalIP', http: { paths: [to('one')] } });
    for (const host of hosts) expect((await world.ask(host)).seen?.host).toBe(host);
  });

  test('path: the longest beginning wins, and the rest goes to the default', async () => {
    await declare('path', rule('path.example.com', to('one', { path: '/foo' }), to('two', { path: '/bar' }), to('three', { path: '/baz' }), to('four')));
    const backendAt = async (path: string) => (await world.ask('path.example.com', path)).seen?.backend;
    expect(await Promise.all(['/foo', '/bar', '/baz', '/', '/asdf', '/foo/asdf', '/bar/asdf', '/baz/asdf'].map(backendAt))).toEqual(['one', 'two', 'three', 'four', 'four', 'one', 'two', 'three']);
  });

  test('percentage: shares are kept, and nothing goes where the share is 0', async () => {
    const splits = [split('one', { percent: 0 }), split('two', { percent: 10 }), split('three', { percent: 30 }), split('four', { percent: 60 })];
    await declare('percentage', rule('percentage.example.com', { splits }));
    const found = await shares('percentage.example.com', '/', 400);
    expect(found['one']).toBeUndefined();
    for (const [name, percent] of [['two', 10], ['three', 30], ['four', 60]] as const) expect(Math.abs((found[name] ?? 0) / 4 - percent)).toBeLessThan(10);
  });

  test('path_and_percentage: each path has shares of its own', async () => {
    const foo = { path: '/foo', splits: [split('one', { percent: 50 }), split('two', { percent: 50 })] };
    await declare('path-percentage', rule('path-percentage.example.com', foo, to('three', { path: '/bar' }), to('four')));
    const found = await shares('path-percentage.example.com', '/foo', 100);
    expect(Object.keys(found).sort()).toEqual(['one', 'two']);
    expect(Math.abs((found['one'] ?? 0) - 50)).toBeLessThan(25);
    expect(await shares('path-percentage.example.com', '/bar', 20)).toEqual({ three: 20 });
    expect(await shares('path-percentage.example.com', '/', 20)).toEqual({ four: 20 });
  });

  test('rule: each host leads to its own backend', async () => {
    await declare('rules', rule('rule1.example.com', to('one')), rule('rule2.example.com', to('two')));
    expect((await world.ask('rule1.example.com')).seen?.backend).toBe('one');
    expect((await world.ask('rule2.example.com')).seen?.backend).toBe('two');
  });
});

describe('what a gateway leaves alone', () => {
  test('retry: an answer of 503 is not asked for again', async () => {
    let count = 0;
    await world.backend('flaky', { handler: (_, response) => void response.writeHead((count += 1) === 1 ? 503 : 200).end() });
    await declare('retry', rule('retry.example.com', to('flaky')));
    expect((await world.ask('retry.example.com')).status).toBe(503);
    expect((await world.ask('retry.example.com')).status).toBe(200);
    expect(count).toBe(2);
  });

  test('timeout: nothing limits how long an answer is waited for, before its head or after', async () => {
    await world.backend('slow', {
      handler: (request, response) => {
        const [, before = '0', after = '0'] = /before=(\d+)&after=(\d+)/.exec(request.url ?? '') ?? [];
        setTimeout(() => response.writeHead(200).flushHeaders(), Number(before));
        setTimeout(() => response.end('done'), Number(before) + Number(after));
      },
    });
    await declare('timeout', rule('timeout.example.com', to('slow')));
    for (const path of ['/?before=0&after=0', '/?before=300&after=0', '/?before=0&after=300']) expect(await world.ask('timeout.example.com', path)).toMatchObject({ status: 200, body: 'done' });
    // And nothing would after ten seconds.
    expect(world.held('external_services/timeout.example.com')).toMatchObject({ routes: expect.arrayContaining([expect.objectContaining({ route: expect.objectContaining({ timeout: '0s' }) })]) });
  });

  test('ingressclass: what names another class, none, or no value is never touched', async () => {
    const annotation = 'networking.knative.dev/ingress-class';
    const others = { other: { [annotation]: 'istio.ingress.networking.knative.dev' }, empty: { [annotation]: '' }, none: {} };
    for (const [name, annotations] of Object.entries(others)) world.put(anIngress(`class-${name}`, { rules: [rule(`${name}.class.example.com`, to('one'))] }, annotations));
    await declare('class-ours', rule('ours.class.example.com', to('one')));
    for (const name of Object.keys(others)) {
      expect(await statusOf(`class-${name}`)).toBeUndefined();
      expect((await world.ask(`${name}.class.example.com`)).status).toBe(404);
    }
  });
});

describe('visibility', () => {
  const host = 'local.default.svc.cluster.local';
  const local = (...paths: IngressPath[]): IngressRule => ({ hosts: [host], visibility: 'ClusterLocal', http: { paths } });

  test('a host of the cluster is known inside under each of its forms, and outside under none', async () => {
    await declare('visibility', local(to('one')));
    for (const form of ['local.default', 'local.default.svc', host]) {
      expect((await world.ask(form, '/', { via: 'internal' })).status).toBe(200);
      expect((await world.ask(form)).status).toBe(404);
    }
  });

  test('visibility/path and visibility/split: paths and shares are the same inside', async () => {
    await declare('visibility', local({ path: '/split', splits: [split('one', { percent: 50 }), split('two', { percent: 50 })] }, to('three', { path: '/bar' }), to('four')));
    const seen = new Set<string | undefined>();
    for (let turn = 0; turn < 60 && seen.size < 2; turn += 1) seen.add((await world.ask(host, '/split', { via: 'internal' })).seen?.backend);
    expect([...seen].sort()).toEqual(['one', 'two']);
    expect((await world.ask(host, '/bar/x', { via: 'internal' })).seen?.backend).toBe('three');
    expect((await world.ask(host, '/x', { via: 'internal' })).seen?.backend).toBe('four');
  });

  test('host-rewrite: a vanity host leads where the host of the cluster leads, by that name', async () => {
    await declare('visibility', local(to('one')));
    world.put({ apiVersion: 'v1', kind: 'Service', metadata: { namespace: 'default', name: 'local' }, spec: { type: 'ExternalName', externalName: 'gateway.example' } } as Parameters<EdgeWorld['put']>[0]);
    await declare('vanity', rule('vanity.ismy.name', to('local', { rewriteHost: host })));
    expect(await world.ask('vanity.ismy.name')).toMatchObject({ status: 200, seen: { backend: 'one', host } });
  });
});

describe('websocket', () => {
  async function echo(name: string): Promise<void> {
    const server = createServer(tells(name));
    const sockets = new WebSocketServer({ server });
    sockets.on('connection', (socket) => socket.on('message', (message) => socket.send(`${String(message)} by ${name}`)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    stops.push(() => {
      for (const socket of sockets.clients) socket.terminate();
      server.close();
    });
    world.put(...serviceObjects('default', name, { port: 80 }, (server.address() as AddressInfo).port));
  }

  async function talk(host: string, messages: number): Promise<string[]> {
    const socket = new WebSocket(`ws://127.0.0.1:${world.portOf('external_http')}/`, { headers: { host } });
    const answers: string[] = [];
    const { promise: failed, reject } = Promise.withResolvers<never>();
    socket.once('error', reject);
    await Promise.race([failed, new Promise<void>((resolve) => socket.once('open', resolve))]);
    for (let index = 0; index < messages; index += 1) {
      socket.send(`hello ${index}`);
      answers.push(await Promise.race([failed, new Promise<string>((resolve) => socket.once('message', (message) => resolve(String(message))))]));
    }
    socket.terminate();
    return answers;
  }

  test('a hundred messages go there and back', async () => {
    await echo('ws-a');
    await declare('websocket', rule('websocket.example.com', to('ws-a')));
    expect(await talk('websocket.example.com', 100)).toEqual(Array.from({ length: 100 }, (_, index) => `hello ${index} by ws-a`));
  });

  test('split: both backends are met', async () => {
    await echo('ws-b');
    await declare('websocket-split', rule('websocket-split.example.com', { splits: [split('ws-a', { percent: 50 }), split('ws-b', { percent: 50 })] }));
    const seen = new Set<string | undefined>();
    for (let turn = 0; turn < 60 && seen.size < 2; turn += 1) seen.add((await talk('websocket-split.example.com', 1))[0]?.split(' by ')[1]);
    expect([...seen].sort()).toEqual(['ws-a', 'ws-b']);
  });
});

describe('TLS', () => {
  const host = 'tls.example.com';
  let authority: Awaited<ReturnType<typeof createTestAuthority>>;

  async function declareTls(name: string, tlsHost: string, httpOption: 'Enabled' | 'Redirected'): Promise<void> {
    authority ??= await createTestAuthority();
    const { certificate, privateKey } = await authority.issue({ dns: [tlsHost] });
    const data = { 'tls.crt': Buffer.from(certificate).toString('base64'), 'tls.key': Buffer.from(privateKey).toString('base64') };
    const secret: Secret = { apiVersion: 'v1', kind: 'Secret', metadata: { namespace: 'default', name }, type: 'kubernetes.io/tls', data };
    world.put(secret, anIngress(name, { rules: [rule(tlsHost, to('one'))], tls: [{ hosts: [tlsHost], secretName: name, secretNamespace: 'default' }], httpOption }));
    await whenReady(name);
  }

  function overHttps(servername: string): Promise<number> {
    return new Promise((resolve, reject) => {
      requestHttps({ host: '127.0.0.1', port: httpsPort, servername, headers: { host: servername }, ca: authority.certificate, agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      })
        .on('error', reject)
        .end();
    });
  }

  test('tls: the certificate of the host is shown, and plain HTTP goes on', async () => {
    await declareTls('tls', host, 'Enabled');
    expect(await eventually(() => overHttps(host))).toBe(200);
    expect((await world.ask(host)).status).toBe(200);
  });

  test('httpoption: Redirected sends plain HTTP to HTTPS', async () => {
    await declareTls('redirected', 'redirected.example.com', 'Redirected');
    expect(await eventually(() => overHttps('redirected.example.com'))).toBe(200);
    const answer = await world.ask('redirected.example.com', '/a?b=c');
    expect([answer.status, answer.headers['location']]).toEqual([301, 'https://redirected.example.com/a?b=c']);
  });
});

test('update: no request fails while an Ingress changes, and once it is ready the new content answers', { timeout: 60_000 }, async () => {
  const asked = rule('update.example.com', to('one', { appendHeaders: { Sentinel: '0' } }));
  await declare('update', asked);
  const failures: unknown[] = [];
  const running = { isOver: false };
  const load = (async () => {
    while (!running.isOver) {
      const answer = await world.ask('update.example.com').catch((error: unknown) => error);
      if (!(typeof answer === 'object' && answer !== null && 'status' in answer && answer.status === 200)) failures.push(answer);
    }
  })();
  const change = async (path: IngressPath) => {
    world.put(anIngress('update', { rules: [rule('update.example.com', path)] }));
    const hash = ingressHash({ rules: [rule('update.example.com', path)] }, 'default', 'update');
    await eventually(async () => {
      const { headers } = await world.ask('update.example.com', '/', { headers: { 'k-network-probe': 'probe', 'k-network-hash': 'override' } });
      expect(headers['k-network-hash']).toBe(hash);
    });
  };
  for (let turn = 1; turn <= 10; turn += 1) {
    await change(to('one', { appendHeaders: { Sentinel: String(turn) } }));
    expect((await world.ask('update.example.com')).seen?.headers['sentinel']).toBe(String(turn));
  }
  for (let turn = 1; turn <= 10; turn += 1) {
    await world.backend(`update-${turn}`);
    await change(to(`update-${turn}`));
    expect((await world.ask('update.example.com')).seen?.backend).toBe(`update-${turn}`);
  }
  running.isOver = true;
  await load;
  expect(failures).toEqual([]);
});

describe('status', () => {
  test('says where gateways are reached, for a placeholder to point to', async () => {
    await declare('addresses', rule('addresses.example.com', to('one')));
    expect(await statusOf('addresses')).toMatchObject({
      publicLoadBalancer: { ingress: [{ domainInternal: 'sluice-gateway.sluice-system.svc.cluster.local' }] },
      privateLoadBalancer: { ingress: [{ domainInternal: 'sluice-gateway-internal.sluice-system.svc.cluster.local' }] },
    });
  });

  test('is ready when each pod of the gateways that is ready answers with its content, connected here or not', async () => {
    // One pod is the gateway of this test; the other is somebody else's, and behind.
    let [hash, asked] = ['', 0];
    const behind = createServer((request, response) => {
      expect(request.headers).toMatchObject({ host: 'asked.example.com', 'user-agent': 'Knative-Ingress-Probe', 'k-network-probe': 'probe', 'k-network-hash': 'override' });
      asked += 1;
      response.writeHead(hash === '' ? 404 : 200, { 'k-network-hash': hash }).end();
    });
    await new Promise<void>((resolve) => behind.listen(0, '127.0.0.1', resolve));
    stops.push(() => behind.close());
    const [service, own] = serviceObjects('sluice-system', 'sluice-gateway', { name: 'http', port: 80 }, world.portOf('external_http'));
    const other = { ...own, metadata: { ...own.metadata, name: 'sluice-gateway-2' }, ports: [{ name: 'http', port: (behind.address() as AddressInfo).port, protocol: 'TCP' }] } as typeof own;
    world.put(service, own, other);
    const rules = [rule('asked.example.com', to('one'))];
    world.put(anIngress('asked', { rules }));
    await eventually(() => expect(asked).toBeGreaterThan(2));
    expect((await statusOf('asked'))?.conditions?.find(({ type }) => type === 'Ready')?.status).not.toBe('True');
    hash = ingressHash({ rules }, 'default', 'asked');
    await whenReady('asked');
    world.put({ ...other, endpoints: [] } as typeof own);
    await declare('asked', rule('asked.example.com', to('two')));
  });

  test('a backend that is not there is told, and comes when it comes', async () => {
    world.put(anIngress('lacking', { rules: [rule('lacking.example.com', to('late'))] }));
    await eventually(async () => expect((await statusOf('lacking'))?.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({ status: 'False', message: expect.stringContaining('"late"') }));
    await world.backend('late');
    await whenReady('lacking');
    expect((await world.ask('lacking.example.com')).seen?.backend).toBe('late');
  });
});

test('what Knative’s own controller makes of a Route is served by its Ingress, and the Route is not in its way', async () => {
  const revision = await world.backend('hello-00001');
  const { port } = revision.address;
  const slice = podSlice('hello-00001', ['127.0.0.1']);
  world.put(revisionObject('hello-00001'), podAutoscalerObject('hello-00001'), serverlessServiceObject('hello-00001', 'Serve'), { ...slice, ports: [{ name: 'http', port, protocol: 'TCP' }] } as typeof slice, routeObject('hello', { 'hello-00001': 100 }));
  const host = 'hello.default.example.com';
  await world.until(({ status }) => expect(status).toBe(200), host);
  const ingress = anIngress('hello', { rules: [rule(host, to('hello-00001', { appendHeaders: { 'From-Ingress': 'yes' } }))] });
  const owner = { apiVersion: 'serving.knative.dev/v1', kind: 'Route', name: 'hello', uid: '1', controller: true };
  world.put({ ...ingress, metadata: { ...ingress.metadata, ownerReferences: [owner] } });
  await whenReady('hello');
  expect((await world.ask(host)).seen?.headers).toMatchObject({ 'from-ingress': 'yes', 'knative-serving-revision': 'hello-00001' });
});
