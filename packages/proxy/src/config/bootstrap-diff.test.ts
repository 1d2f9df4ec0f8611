import { expect, test } from 'vitest';
import { describeDiff, diffBootstraps } from './bootstrap-diff.ts';
import { parseBootstrap } from './file-bootstrap.ts';

async function load(text: string) {
  const loaded = await parseBootstrap(text, 'f.yaml', []);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.value;
}

const cluster = (name: string, extra = '') => `{name: ${name}, type: STATIC${extra}}`;
const bootstrap = (clusters: readonly string[], rest = '') => load(`static_resources: {clusters: [${clusters.join(', ')}]}\n${rest}`);

test('resources are told apart by their names, wherever they stand', async () => {
  const before = await bootstrap([cluster('a'), cluster('b')]);
  const after = await bootstrap([cluster('c'), cluster('b')]);
  expect(describeDiff(diffBootstraps(before, after))).toEqual(['+ cluster c', '- cluster a']);
});

test('a change is shown by the fields that changed, in elements found by their names', async () => {
  const endpoints = (first: number, second: number) => `, load_assignment: {cluster_name: a, endpoints: [{lb_endpoints: [${[first, second].map((port) => `{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: ${port}}}}}`).join(', ')}]}]}`;
  const before = await bootstrap([cluster('a', `${endpoints(1, 2)}, connect_timeout: 1s`)]);
  const after = await bootstrap([cluster('a', `${endpoints(1, 3)}, lb_policy: RANDOM`)]);
  expect(describeDiff(diffBootstraps(before, after))).toEqual([
    '~ cluster a',
    '    load_assignment.endpoints[0].lb_endpoints[1].endpoint.address.socket_address.port_value',
    '    lb_policy',
    '    connect_timeout',
  ]);
});

test('what only counts at the next start is said so', async () => {
  const before = await bootstrap([cluster('a')], 'node: {id: x, cluster: y}');
  const after = await bootstrap([cluster('a')], 'node: {id: z, cluster: y}');
  expect(describeDiff(diffBootstraps(before, after))).toEqual(['! node.id: counts from the next start on']);
});

test('another spelling of the same is no difference', async () => {
  const before = await bootstrap([cluster('a', ', connect_timeout: 1s')]);
  const after = await load(`staticResources: {clusters: [{name: a, type: STATIC, connectTimeout: 1s}]}`);
  expect(describeDiff(diffBootstraps(before, after))).toEqual([]);
});
