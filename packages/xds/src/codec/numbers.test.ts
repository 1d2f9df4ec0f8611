/** How numbers, text and time stand on the wire and in JSON, at the edges at which implementations differ. */
import { beforeAll, describe, expect, test } from 'vitest';

import type { Codec } from './codec.ts';
import type { JsonObject } from './json.ts';
import { loadCodec } from './load-codec.ts';

const cluster = 'envoy.config.cluster.v3.Cluster';
const listener = 'envoy.config.listener.v3.Listener';

let codec: Codec;
beforeAll(async () => {
  codec = await loadCodec('core');
});

function read(message: string, hex: string): unknown {
  const decoded = codec.decode(message, Buffer.from(hex, 'hex'));
  return decoded.ok ? decoded.value.value : decoded.problems.map((found) => found.message).join();
}

function write(message: string, value: JsonObject): string {
  const encoded = codec.encode(message, value);
  return encoded.ok ? Buffer.from(encoded.value).toString('hex') : encoded.problems.map((found) => `${found.path} ${found.message}`).join();
}

describe('on the wire', () => {
  test('a number may have more bytes than it needs, and what follows it is read from where it ends', () => {
    // Field 2 is the kind of discovery; 3 in seven bytes, then the name.
    expect(read(cluster, '10838080808080000a0161')).toEqual({ type: 'EDS', name: 'a' });
    expect(read(cluster, '10' + '80'.repeat(10) + '00')).toMatch(/more than ten bytes/);
  });

  test('a tag and a length have 32 bits, lest two readers cut a message in two ways', () => {
    expect(read(cluster, '0a81808080800061')).toMatch(/a length at byte 1 has more than 32 bits/);
    expect(read(cluster, '8a80808080100161')).toMatch(/tag of a field at byte 0 has more than 32 bits/);
  });

  test('text is UTF-8', () => {
    expect(read(cluster, '0a02c3a9')).toEqual({ name: 'é' });
    expect(read(cluster, '0a03efbfbd')).toEqual({ name: '\ufffd' });
    expect(read(cluster, '0a02c328')).toMatch(/is not UTF-8/);
    expect(read(cluster, '0a03eda080')).toMatch(/is not UTF-8/);
  });
});

describe('in JSON', () => {
  test.each<[string, string, string]>([
    ['half a second', '0.5s', '0.500s'],
    ['a tenth of a millisecond', '0.0001s', '0.000100s'],
    ['a nanosecond', '0.000000001s', '0.000000001s'],
    ['whole seconds', '5.000s', '5s'],
  ])('durations are told with three, six or nine digits: %s', (_name, given, told) => {
    expect(read(cluster, write(cluster, { connect_timeout: given }))).toEqual({ connect_timeout: told });
  });

  test('whole numbers may be written as JSON writes numbers, as text too', () => {
    const bytes = write(listener, { per_connection_buffer_limit_bytes: 1000 });
    expect(write(listener, { per_connection_buffer_limit_bytes: '1e3' })).toBe(bytes);
    expect(write(listener, { per_connection_buffer_limit_bytes: '1000.0' })).toBe(bytes);
    expect(write(listener, { per_connection_buffer_limit_bytes: '1.5' })).toMatch(/must be a whole number/);
  });

  test('half a character, base64 that ends early, and an enum beyond its bits are refused', () => {
    expect(write(cluster, { name: '\ud800' })).toMatch(/^name .*halves of characters/);
    expect(write(cluster, { metadata: { filter_metadata: { x: { a: '\ud800' } } } })).toMatch(/half a character/);
    expect(write('envoy.config.core.v3.DataSource', { inline_bytes: 'AAAAA' })).toMatch(/^inline_bytes .*base64/);
    expect(write(cluster, { type: 4294967296 })).toMatch(/^type is 4294967296/);
    expect(write('sluice.load.v1.RevisionLoad', { received_at: '0000-01-01T00:00:00Z' })).toMatch(/^received_at/);
  });

  test('an Any of nothing is empty, and one of a message with JSON of its own has it under value', () => {
    expect(read('envoy.config.core.v3.TypedExtensionConfig', '1200')).toEqual({ typed_config: {} });
    expect(write('envoy.config.core.v3.TypedExtensionConfig', { typed_config: {} })).toBe('1200');
    const empty = { '@type': 'type.googleapis.com/google.protobuf.Empty' };
    expect(write('envoy.config.core.v3.TypedExtensionConfig', { typed_config: empty })).not.toMatch(/\s/);
    expect(write('envoy.config.core.v3.TypedExtensionConfig', { typed_config: { ...empty, valu: {} } })).toMatch(/^typed_config.valu is not a field/);
  });
});
