/** Requests that stay with a host: route, picker, cookie and response in a whole proxy. */
import { decodeCluster, decodeRouteConfiguration } from '@sluice/resources';
import { routesJson, routeTo, staticClusterJson } from '@sluice/resources/testing';
import { expect, test } from 'vitest';
import { compileRouteTable } from './router/compile-route-table.ts';
import { noRegexEngine } from './router/regex-engine.ts';
import { createTestConfig, startRawUpstream, startTestProxy } from './testing/index.ts';

test('a client comes back to its host with the cookie that the first response brought', async () => {
  const startUpstream = (name: string) =>
    startRawUpstream(async (peer) => {
      for (;;) {
        await peer.readHead();
        peer.write(`HTTP/1.1 200 OK\r\nx-host: ${name}\r\ncontent-length: 0\r\n\r\n`);
      }
    });
  await using first = await startUpstream('first');
  await using second = await startUpstream('second');
  await using third = await startUpstream('third');
  const upstreams = [first.address, second.address, third.address];
  const cluster = decodeCluster(staticClusterJson('backend', upstreams.map(({ host, port }) => `${host}:${port}`), { lb_policy: 'MAGLEV' }));
  const routes = decodeRouteConfiguration(
    routesJson('r', [routeTo('backend', { hash_policy: [{ cookie: { name: 'stay', ttl: '60s', path: '/' } }] })]),
  );
  if (!cluster.ok || !routes.ok) throw new Error('decoding failed');
  const { table } = compileRouteTable(routes.value, { regexEngine: noRegexEngine, setsEnvoyHeaders: false });
  await using proxy = await startTestProxy(createTestConfig({ upstreams, routes: table, cluster: { resource: cluster.value } }));

  const ask = async (cookie?: string) => {
    const client = await proxy.connect();
    client.write(`GET / HTTP/1.1\r\nhost: a.test\r\n${cookie === undefined ? '' : `cookie: ${cookie}\r\n`}\r\n`);
    const head = await client.readHead();
    return { host: /x-host: (\w+)/.exec(head)?.[1], setCookie: /set-cookie: ([^;\r]+)(; Max-Age=60; Path=\/; HttpOnly)?/i.exec(head) };
  };
  const hosts = new Set<string | undefined>();
  for (let client = 0; client < 20; client += 1) {
    const { host, setCookie } = await ask();
    hosts.add(host);
    expect(setCookie?.[2]).toBeDefined();
    for (let again = 0; again < 3; again += 1) expect(await ask(setCookie?.[1])).toEqual({ host, setCookie: null });
  }
  // Twenty connections have twenty cookies: that they all meet one of three hosts happens once in 3^19.
  expect(hosts.size).toBeGreaterThan(1);
});
