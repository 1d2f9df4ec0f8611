import { expect, test } from 'vitest';

import { loadCodec } from '../codec/load-codec.ts';
import { decodeDeltaRequest, encodeDeltaRequest } from './delta-wire.ts';
import { decodeDiscoveryRequest, encodeDiscoveryRequest } from './discovery-wire.ts';
import { createRequestMemo, RunMemo } from './run-memo.ts';

const names = Array.from({ length: 2_000 }, (_unused, index) => `default/revision-${index}`);
const versions = Object.fromEntries(names.map((name, index) => [name, `v${index}`]));

test('long lists in the same bytes are read once, whoever sends them', async () => {
  const codec = await loadCodec('core');
  const memo = createRequestMemo();
  const read = (id: string, nonce: string) => {
    const request = { typeUrl: 'type', versionInfo: '1', responseNonce: nonce, resourceNames: names, node: { id, cluster: 'gateway' } };
    return decodeDiscoveryRequest(encodeDiscoveryRequest(request, codec), codec, memo);
  };
  const [first, second] = [read('a', '1'), read('b', '2')];
  expect(first).toMatchObject({ resourceNames: names, responseNonce: '1', node: { id: 'a' } });
  expect(second).toMatchObject({ responseNonce: '2', node: { id: 'b' } });
  expect(second.resourceNames).toBe(first.resourceNames);
});

test('so are names and versions of the delta variant, and a list that differs is another', async () => {
  const codec = await loadCodec('core');
  const memo = createRequestMemo();
  const read = (subscribe: readonly string[], initialVersions = versions) => {
    const request = { typeUrl: 'type', subscribe, unsubscribe: ['x', 'y'], initialVersions, responseNonce: '' };
    return decodeDeltaRequest(encodeDeltaRequest(request, codec), codec, memo);
  };
  const first = read(names);
  expect(first).toMatchObject({ typeUrl: 'type', subscribe: names, unsubscribe: ['x', 'y'], initialVersions: versions });
  expect(read(names).initialVersions).toBe(first.initialVersions);
  const other = read([...names.slice(1), 'default/revision-n'], { ...versions, 'default/revision-7': 'w' });
  expect(other.subscribe.at(-1)).toBe('default/revision-n');
  expect(other.initialVersions['default/revision-7']).toBe('w');
});

test('what was not used for longest is forgotten first', () => {
  const memo = new RunMemo<number>();
  let reads = 0;
  const read = (fill: number) => memo.read(Buffer.alloc(20_000, fill), () => (reads += 1));
  for (let fill = 0; fill < 8; fill += 1) read(fill);
  read(0);
  read(8);
  expect(reads).toBe(9);
  read(0);
  expect(reads).toBe(9);
  read(1);
  expect(reads).toBe(10);
});
