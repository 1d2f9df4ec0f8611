import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import { loadCodec } from '../codec/load-codec.ts';
import { decodeDeltaRequest } from './delta-wire.ts';
import { decodeDiscoveryRequest } from './discovery-wire.ts';

test('a text that goes beyond the end of its message is refused, not cut', async () => {
  const codec = await loadCodec('core');
  // Ten bytes are promised, three are there.
  const cut = (field: number) => Buffer.from([(field << 3) | 2, 10, 0x61, 0x62, 0x63]);
  for (const field of [1, 3, 4, 5]) expect(() => decodeDiscoveryRequest(cut(field), codec), `field ${field}`).toThrow('5 bytes are not a');
  for (const field of [2, 6]) expect(() => decodeDeltaRequest(cut(field), codec), `field ${field}`).toThrow('5 bytes are not a');
});
