/** Messages out of chance, the same ones on each run: our codec takes and reads what Buf's does, and the other way round. */
import { createSeededRandom } from '@sluice/kernel';
import { loadCodec } from '@sluice/xds';
import { expect, test } from 'vitest';
import { ProtobufOracle } from './protobuf-oracle.ts';
import { createXdsRun } from './xds-target.ts';

const messages = 6_000;

test('the second opinion works: it reads what we write, and refuses text that is no UTF-8', async () => {
  const [codec, oracle] = [await loadCodec('core'), await ProtobufOracle.load('core')];
  const value = { name: 'a', connect_timeout: '0.250s', per_connection_buffer_limit_bytes: 0 };
  const encoded = codec.encode('envoy.config.cluster.v3.Cluster', value);
  expect(encoded.ok && oracle.decode('envoy.config.cluster.v3.Cluster', encoded.value)).toEqual({ ok: true, value });
  expect(oracle.decode('envoy.config.cluster.v3.Cluster', Buffer.from('0a02c328', 'hex')).ok).toBe(false);
});

test('messages and their JSON, good and poor, are taken alike', async () => {
  const { next } = await createXdsRun();
  const random = createSeededRandom(4711);
  const findings: string[] = [];
  let accepted = 0;
  for (let count = 0; count < messages; count += 1) {
    const { kind, finding, isAccepted } = next(random);
    if (isAccepted) accepted += 1;
    if (finding !== undefined) findings.push(`${kind}: ${finding}`);
  }
  expect(findings).toEqual([]);
  expect(accepted).toBeGreaterThan(messages / 4);
});
