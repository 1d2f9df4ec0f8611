/** What is left of a cluster that has gone, while requests are still under way in it. */
import { staticClusterJson, type Json } from '@sluice/resources/testing';
import { expect, test } from 'vitest';
import { startSimulatedMesh } from '../testing/simulated-mesh.ts';

const first = '10.0.1.1:80';
const second = '10.0.1.2:80';
const both = [first, second];

const options = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
const triesAgain: Json = {
  typed_extension_protocol_options: {
    [options]: {
      '@type': `type.googleapis.com/${options}`,
      explicit_http_config: { http_protocol_options: {} },
      retry_policy: { retry_on: '5xx', retry_back_off: { base_interval: '1s' }, retry_host_predicate: [{ name: 'envoy.retry_host_predicates.previous_hosts' }], host_selection_retry_max_attempts: 5 },
    },
  },
};

async function start() {
  const mesh = await startSimulatedMesh({ hosts: both, clusters: [staticClusterJson('app', both, triesAgain)] });
  for (const host of both) mesh.host(host).status = 503;
  const answer = mesh.ask();
  await mesh.time.advanceUntil(() => both.some((host) => mesh.host(host).asked.length === 1), 1_000);
  return { mesh, answer };
}

test('a request that is tried again in it leaves no connection behind', async () => {
  const { mesh, answer } = await start();
  await mesh.time.advanceUntil(() => mesh.metric('upstream_rq_retry') === 1, 100);
  for (const host of both) mesh.host(host).status = 200;
  await mesh.apply([staticClusterJson('app', both, { ...triesAgain, connect_timeout: '7s' })]);
  expect(both).toContain((await answer)[0]);
  expect(both.map((host) => mesh.host(host).connections)).toEqual([1, 1]);
  await mesh.time.advanceUntil(() => mesh.metric('upstream_cx_active') === 0, 1_000);
  expect([mesh.metric('upstream_cx_active'), mesh.metric('upstream_cx_total')]).toEqual([0, 2]);
});
