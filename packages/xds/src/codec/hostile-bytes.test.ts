/** Bytes that no honest peer sends: each is refused with what is wrong, in bounded time and depth, and nothing throws. */
import { assert, constantFrom, integer, nat, property, tuple, uint8Array } from 'fast-check';
import protobuf from 'protobufjs/minimal.js';
import { beforeAll, describe, expect, test } from 'vitest';

import { sampleResources } from '../testing/index.ts';
import { messageNameOf } from '../type-urls.ts';
import type { Codec } from './codec.ts';
import type { JsonObject } from './json.ts';
import { loadCodec } from './load-codec.ts';

const listenerName = 'envoy.config.listener.v3.Listener';
const clusterName = 'envoy.config.cluster.v3.Cluster';
const structName = 'google.protobuf.Struct';

let codec: Codec;
beforeAll(async () => {
  codec = await loadCodec('core');
});

function encode(messageName: string, value: JsonObject): Uint8Array {
  const encoded = codec.encode(messageName, value);
  if (!encoded.ok) throw new Error(JSON.stringify(encoded.problems));
  return encoded.value;
}

/** Why the bytes are refused; empty when they are not. */
function refusal(messageName: string, bytes: Uint8Array): string {
  const decoded = codec.decode(messageName, bytes);
  return decoded.ok ? '' : decoded.problems.map(({ message }) => message).join('; ');
}

function valueOf(messageName: string, bytes: Uint8Array): unknown {
  const decoded = codec.decode(messageName, bytes);
  return decoded.ok ? decoded.value.value : decoded.problems;
}

/** `inner`, within itself so many times, each under the tag. */
function nested(tag: number, times: number, inner: Uint8Array = new Uint8Array(0)): Uint8Array {
  let bytes = inner;
  for (let level = 0; level < times; level += 1) bytes = protobuf.Writer.create().uint32(tag).bytes(bytes).finish();
  return bytes;
}

describe('depth', () => {
  test('a struct in a struct in a struct', () => {
    let deep: JsonObject = {};
    for (let level = 0; level < 90; level += 1) deep = { a: deep };
    const metadata = (value: JsonObject) => ({ filter_metadata: { x: value } });
    expect(refusal('envoy.config.core.v3.Metadata', encode('envoy.config.core.v3.Metadata', metadata(deep)))).toBe('');
    // Struct.fields.value, Value.struct_value: two tags per level.
    let bytes: Uint8Array = new Uint8Array(0);
    for (let level = 0; level < 2_000; level += 1) bytes = nested(0x0a, 1, nested(0x12, 1, nested(0x2a, 1, bytes)));
    expect(refusal('xds.type.v3.TypedStruct', nested(0x12, 1, bytes))).toContain('a value is nested more than 100 deep');
  });

  test('groups in groups, which nobody knows and everybody must pass over', () => {
    const groups = (times: number) => Buffer.concat([Buffer.alloc(times * 2, Buffer.from([0xfb, 0x3f])), Buffer.alloc(times * 2, Buffer.from([0xfc, 0x3f]))]);
    expect(refusal(clusterName, groups(50))).toBe('');
    expect(refusal(clusterName, groups(200_000))).toContain('groups are nested more than 100 deep');
  });

  test('an Any in an Any', () => {
    const typeUrl = Buffer.from('type.googleapis.com/google.protobuf.Any');
    let bytes: Uint8Array = new Uint8Array(0);
    for (let level = 0; level < 150; level += 1) bytes = protobuf.Writer.create().uint32(0x0a).bytes(typeUrl).uint32(0x12).bytes(bytes).finish();
    expect(refusal('envoy.service.discovery.v3.Resource', nested(0x12, 1, bytes))).toContain('nested more than 100 deep');
  });

  test('values to be written are bounded alike, and told where they begin', () => {
    let rule: JsonObject = { any: true };
    let list: JsonObject['x'] = [];
    for (let level = 0; level < 50_000; level += 1) {
      rule = { not_rule: rule };
      list = [list];
    }
    const [problem] = codec.encode('envoy.config.rbac.v3.Permission', rule).problems;
    expect(problem?.path).toMatch(/^not_rule\.not_rule/);
    expect(problem?.message).toBe('… is nested more than 100 deep');
    expect(codec.encode('envoy.config.core.v3.Metadata', { filter_metadata: { x: { list } } }).problems).toMatchObject([
      { path: 'filter_metadata["x"]', message: 'is nested more than 100 deep' },
    ]);
  });
});

describe('lengths', () => {
  test('a length beyond the end, however large', () => {
    expect(refusal(clusterName, Buffer.from([0x22, 0xff, 0xff, 0xff, 0xff, 0x0f]))).toContain('beyond the one around it at');
    expect(refusal(clusterName, Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]))).toContain('go beyond the end at 6');
  });

  test('a field that reaches out of its message into the next', () => {
    // connect_timeout (4) of one byte: the tag of seconds, whose value would be the next field's tag.
    expect(refusal(clusterName, Buffer.from([0x22, 0x01, 0x08, 0x0a, 0x01, 0x78]))).toContain('message ends at byte 3, its last field at 4');
    // A packed list whose last number does not end within it.
    const routes = Buffer.from([0x0a, 0x01, 0x80, 0x01]);
    expect(refusal('envoy.config.route.v3.RetryPolicy', Buffer.concat([Buffer.from([0x3a]), routes.subarray(1)]))).toContain('message ends at');
  });

  test('a number without an end, a field of number 0, a group that ends without a beginning', () => {
    expect(refusal(clusterName, Buffer.alloc(20, 0xff))).not.toBe('');
    expect(refusal(clusterName, Buffer.from([0x02, 0x00]))).toContain('has the number 0');
    expect(refusal(clusterName, Buffer.from([0xfc, 0x3f]))).toContain('invalid wire type 4');
    expect(refusal(clusterName, Buffer.from([0xfb, 0x3f, 0xf4, 0x3f]))).toContain('group 1023 ends as group 1022');
  });
});

describe('framing', () => {
  test('a known number framed otherwise is a field that is not known', () => {
    const decoded = codec.decode(clusterName, Buffer.concat([Buffer.from([0x08, 0x05]), encode(clusterName, { name: 'x' })]));
    expect(decoded).toMatchObject({ ok: true, value: { value: { name: 'x' }, unknownFields: 1 } });
    // Seconds as text.
    expect(valueOf(clusterName, Buffer.from([0x22, 0x03, 0x0a, 0x01, 0x78]))).toEqual({ connect_timeout: '0s' });
  });

  test('occurrences of a message are one message, and its last members of a oneof count', () => {
    const both = Buffer.concat([
      encode(clusterName, { eds_cluster_config: { service_name: 'a', eds_config: { ads: {} } } }),
      encode(clusterName, { eds_cluster_config: { service_name: 'b' } }),
      encode(clusterName, { eds_cluster_config: { eds_config: { initial_fetch_timeout: '1s' } } }),
    ]);
    expect(valueOf(clusterName, both)).toEqual({
      eds_cluster_config: { service_name: 'b', eds_config: { ads: {}, initial_fetch_timeout: '1s' } },
    });
  });

  test('an entry of a map that comes again counts as it came last; an entry without a key has the default', () => {
    const name = 'envoy.config.core.v3.Metadata';
    const entry = (value: string) => encode(name, { filter_metadata: { a: { v: value } } });
    expect(valueOf(name, Buffer.concat([entry('1'), entry('2')]))).toEqual({ filter_metadata: { a: { v: '2' } } });
    expect(valueOf(name, Buffer.from([0x0a, 0x00]))).toEqual({ filter_metadata: { '': {} } });
  });

  test('unknown fields are counted in entries of maps and beside the type of an Any, too', () => {
    const unknown = Buffer.from([0xfa, 0x7f, 0x01, 0x00]);
    const entry = Buffer.concat([Buffer.from([0x0a, 0x01, 0x61]), unknown]);
    const decoded = codec.decode('envoy.config.core.v3.Metadata', Buffer.concat([Buffer.from([0x0a, entry.length]), entry]));
    expect(decoded).toMatchObject({ ok: true, value: { unknownFields: 1 } });
  });
});

describe('size', () => {
  test('a map of many entries and a message of many occurrences take time by their size, not by its square', () => {
    const entries = Object.fromEntries(Array.from({ length: 50_000 }, (_unused, index) => [`key-${index}`, {}]));
    const name = 'envoy.config.core.v3.Metadata';
    const bytes = encode(name, { filter_metadata: entries });
    const occurrences = Buffer.concat(Array.from({ length: 50_000 }, () => encode(clusterName, { connect_timeout: '1s' })));
    const start = process.cpuUsage();
    expect(codec.decode(name, bytes).ok).toBe(true);
    expect(codec.decode(clusterName, occurrences).ok).toBe(true);
    const { user, system } = process.cpuUsage(start);
    // By the square it would be minutes.
    expect((user + system) / 1_000).toBeLessThan(5_000);
  });
});

test('damaged messages of every kind are read or refused, and never throw', () => {
  const samples = sampleResources([{ name: 'default/a', endpoints: ['10.0.0.1', '10.0.0.2'] }]).map(({ typeUrl, value }) => {
    const messageName = messageNameOf(typeUrl);
    return { messageName, bytes: encode(messageName, value) };
  });
  const damage = tuple(constantFrom('flip', 'cut', 'insert', 'repeat'), nat(), uint8Array({ minLength: 1, maxLength: 6 }));
  assert(
    property(integer({ min: 0, max: samples.length - 1 }), damage, damage, (index, ...damages) => {
      const sample = samples[index] as (typeof samples)[number];
      const damaged = damages.reduce<Buffer>((bytes, [kind, place, noise]) => damageAt(bytes, kind, place % (bytes.length + 1), noise), Buffer.from(sample.bytes));
      const decoded = codec.decode(sample.messageName, damaged);
      if (decoded.ok) expect(() => JSON.stringify(decoded.value.value)).not.toThrow();
      else expect(decoded.problems[0]?.message).toMatch(/^\d+ bytes are not a envoy\./);
      // Whatever it is as one kind, it may be offered as another.
      codec.decode(listenerName, damaged);
      codec.decode(structName, damaged);
    }),
    { seed: 7, numRuns: 2_000 },
  );
});

function damageAt(bytes: Buffer, kind: string, place: number, noise: Uint8Array): Buffer {
  const [before, after] = [bytes.subarray(0, place), bytes.subarray(place)];
  switch (kind) {
    case 'cut':
      return Buffer.from(before);
    case 'insert':
      return Buffer.concat([before, noise, after]);
    case 'repeat':
      return Buffer.concat([bytes, after]);
    default: {
      const flipped = Buffer.from(bytes);
      noise.forEach((byte, index) => {
        if (place + index < flipped.length) flipped[place + index] = byte;
      });
      return flipped;
    }
  }
}
