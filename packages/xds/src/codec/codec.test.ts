import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { assert, property, uint8Array } from 'fast-check';
import protobuf from 'protobufjs';
import { beforeAll, describe, expect, test } from 'vitest';

import { sampleResources } from '../testing/index.ts';
import { messageNameOf } from '../type-urls.ts';
import type { Codec } from './codec.ts';
import type { JsonObject, JsonValue } from './json.ts';
import { loadCodec } from './load-codec.ts';

const clusterName = 'envoy.config.cluster.v3.Cluster';

let codec: Codec;
beforeAll(async () => {
  codec = await loadCodec('admin');
});

function encode(messageName: string, value: JsonObject): Uint8Array {
  const encoded = codec.encode(messageName, value);
  if (!encoded.ok) throw new Error(JSON.stringify(encoded.problems));
  return encoded.value;
}

function decode(messageName: string, bytes: Uint8Array): JsonObject {
  const decoded = codec.decode(messageName, bytes);
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.problems));
  return decoded.value.value;
}

function problemsOf(messageName: string, value: JsonObject): readonly string[] {
  return codec.encode(messageName, value).problems.map(({ path, message }) => `${path} ${message}`);
}

/** A bit of everything a cluster can carry. */
const fullCluster: JsonObject = {
  name: 'default/hello-00001',
  type: 'EDS',
  eds_cluster_config: { eds_config: { ads: {}, resource_api_version: 'V3' }, service_name: 'default/hello-00001' },
  connect_timeout: '0.250s',
  per_connection_buffer_limit_bytes: 32768,
  circuit_breakers: { thresholds: [{ priority: 'HIGH', max_requests: 0, track_remaining: true }] },
  metadata: { filter_metadata: { b: { list: [1, 'two', null, true, { deep: {} }] }, a: {} } },
  common_lb_config: { healthy_panic_threshold: { value: 12.5 } },
  outlier_detection: { consecutive_5xx: 5, interval: '10s', base_ejection_time: '-1.500s' },
  typed_extension_protocol_options: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
      explicit_http_config: { http2_protocol_options: { max_concurrent_streams: 100 } },
    },
  },
};

describe('round trip', () => {
  test('what is written comes back', () => {
    expect(decode(clusterName, encode(clusterName, fullCluster))).toEqual(fullCluster);
  });

  test.each<[string, string, JsonObject]>([
    ['64 bits beyond what a number holds are text', 'envoy.config.endpoint.v3.UpstreamEndpointStats', { total_issued_requests: '18446744073709551615' }],
    ['64 bits that a number holds are a number', 'envoy.config.endpoint.v3.UpstreamEndpointStats', { total_issued_requests: 9007199254740991 }],
    ['bytes are base64', 'envoy.config.core.v3.DataSource', { inline_bytes: 'AP8=' }],
    ['a wrapper that holds the default is not absent', clusterName, { per_connection_buffer_limit_bytes: 0 }],
    ['a member of a oneof that holds the default is not absent', 'envoy.config.core.v3.SocketAddress', { port_value: 0 }],
    ['time stamps', 'sluice.load.v1.RevisionLoad', { received_at: '2026-01-31T12:00:00.120Z' }],
    ['an Any in an Any', 'envoy.service.discovery.v3.Resource', { resource: { '@type': 'type.googleapis.com/google.protobuf.Any', value: { '@type': 'type.googleapis.com/google.protobuf.Duration', value: '1.500s' } } }],
    ['an Any of a type that is not known keeps its bytes', 'envoy.service.discovery.v3.Resource', { resource: { '@type': 'type.googleapis.com/some.Unknown', '@bytes': 'CAE=' } }],
    ['a struct with a key that objects have anyway', 'xds.type.v3.TypedStruct', { value: JSON.parse('{"__proto__": 1, "constructor": 2}') as JsonObject }],
  ])('%s', (_title, messageName, value) => {
    expect(decode(messageName, encode(messageName, value))).toEqual(value);
  });

  test('defaults are left out, and empty lists with them', () => {
    expect(decode(clusterName, encode(clusterName, { name: '', lb_policy: 'ROUND_ROBIN', health_checks: [], respect_dns_ttl: false }))).toEqual({});
  });

  test('names in lowerCamelCase, enums by number and numbers as text are accepted', () => {
    const camel = encode(clusterName, { connectTimeout: '5s', type: 3, circuitBreakers: { thresholds: [{ maxRequests: '7' }] } });
    const proto = encode(clusterName, { connect_timeout: '5s', type: 'EDS', circuit_breakers: { thresholds: [{ max_requests: 7 }] } });
    expect(Buffer.compare(camel, proto)).toBe(0);
  });

  test('the order of keys does not show in the bytes, in messages, maps or structs', () => {
    const reversed = JSON.parse(JSON.stringify(fullCluster), (_key, value: JsonValue) =>
      typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).toReversed()) : value,
    ) as JsonObject;
    expect(Object.keys(reversed)).not.toEqual(Object.keys(fullCluster));
    expect(Buffer.compare(encode(clusterName, reversed), encode(clusterName, fullCluster))).toBe(0);
  });
});

describe('problems', () => {
  test('all of them, each with its path', () => {
    const value = {
      nam: 'x',
      type: 'EDSS',
      connect_timeout: 5,
      per_connection_buffer_limit_bytes: -1,
      load_assignment: { endpoints: {} },
      eds_cluster_config: { eds_config: { ads: {}, path: 'x' } },
      metadata: { filter_metadata: { a: 1 } },
      transport_socket: { typed_config: { name: 'x' } },
    };
    expect(problemsOf(clusterName, value)).toEqual([
      'nam is not a field of envoy.config.cluster.v3.Cluster',
      'type is "EDSS", must be one of STATIC, STRICT_DNS, LOGICAL_DNS, EDS, ORIGINAL_DST',
      'eds_cluster_config.eds_config.path excludes ads: only one config_source_specifier may be set',
      'connect_timeout is 5, must be a duration like "1.5s"',
      'per_connection_buffer_limit_bytes is -1, must be a whole number from 0 to 4294967295',
      'transport_socket.typed_config.@type is missing: the value of an Any names its type, as type.googleapis.com/<message>',
      'metadata.filter_metadata["a"] is 1, must be an object',
      'load_assignment.endpoints is {}, must be a list',
    ]);
  });

  test('a field under both of its names', () => {
    expect(problemsOf(clusterName, { connect_timeout: '1s', connectTimeout: '2s' })).toEqual([
      'connectTimeout is given twice, under both of its names',
    ]);
  });

  test('a message whose type is not known', () => {
    expect(problemsOf('some.Unknown', {})).toEqual([' is of type some.Unknown, which is not known here']);
    expect(codec.knows('some.Unknown')).toBe(false);
  });
});

describe('foreign bytes', () => {
  test('fields that are not known are skipped and counted at any depth', () => {
    const unknown = Buffer.from([0xfa, 0x7f, 0x01, 0x00]);
    const inner = Buffer.concat([encode('envoy.config.core.v3.Address', { pipe: { path: 'x' } }), unknown]);
    const outer = Buffer.concat([Buffer.from([0x12, inner.length]), inner, unknown]);
    const decoded = codec.decode('envoy.config.listener.v3.Listener', outer);
    expect(decoded).toMatchObject({ ok: true, value: { value: { address: { pipe: { path: 'x' } } }, unknownFields: 2 } });
  });

  test('the last member of a oneof counts', () => {
    const both = Buffer.concat([encode('envoy.config.core.v3.SocketAddress', { port_value: 1 }), encode('envoy.config.core.v3.SocketAddress', { named_port: 'http' })]);
    expect(decode('envoy.config.core.v3.SocketAddress', both)).toEqual({ named_port: 'http' });
  });

  test('a message that ends early is refused, and so is one nested without end', () => {
    const bytes = encode(clusterName, fullCluster);
    expect(codec.decode(clusterName, bytes.subarray(0, bytes.length - 1)).ok).toBe(false);
    const permission = 'envoy.config.rbac.v3.Permission';
    let nested = encode(permission, { any: true });
    const notRule = (8 << 3) | 2;
    for (let depth = 0; depth < 101; depth += 1) nested = protobuf.Writer.create().uint32(notRule).bytes(nested).finish();
    expect(codec.decode(permission, nested)).toMatchObject({
      ok: false,
      problems: [{ message: expect.stringContaining('nested more than 100 deep') }],
    });
  });

  test('no bytes make it throw', () => {
    const bytes = encode(clusterName, fullCluster);
    assert(
      property(uint8Array({ minLength: 0, maxLength: 64 }), uint8Array({ minLength: 1, maxLength: 4 }), (random, damage) => {
        codec.decode(clusterName, random);
        const damaged = Uint8Array.from(bytes);
        damage.forEach((byte, index) => {
          damaged[(byte * 7 + index) % damaged.length] = byte;
        });
        codec.decode(clusterName, damaged);
      }),
      { numRuns: 500 },
    );
  });
});

test('protobufjs reads what we write, and we read what it writes', () => {
  const root = parsePublishedProtos();
  const resources = [
    ...sampleResources([{ name: 'default/a', endpoints: ['10.0.0.1', '10.0.0.2'] }]).map(({ typeUrl, value }) => [messageNameOf(typeUrl), value] as const),
    [clusterName, fullCluster] as const,
  ];
  for (const [messageName, value] of resources) {
    const type = root.lookupType(messageName);
    const ours = encode(messageName, value);
    const theirs = type.encode(type.decode(ours)).finish();
    expect(decode(messageName, theirs), messageName).toEqual(decode(messageName, ours));
    expect(type.verify(type.toObject(type.decode(ours))), messageName).toBe(null);
  }
});

/** The same protos as at install time, by protobufjs' own reflection: another reading of them than ours. */
function parsePublishedProtos(): protobuf.Root {
  const require = createRequire(import.meta.url);
  const deps = join(dirname(require.resolve('@grpc/grpc-js-xds/package.json')), 'deps');
  const folders = ['envoy-api', 'googleapis', 'protoc-gen-validate', 'xds'].map((folder) => join(deps, folder));
  folders.push(dirname(require.resolve('protobufjs/package.json')));
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) => folders.map((folder) => join(folder, target)).find(existsSync) ?? target;
  const files = ['cluster/v3/cluster', 'listener/v3/listener', 'route/v3/route', 'endpoint/v3/endpoint'];
  root.loadSync(files.map((file) => `envoy/config/${file}.proto`), { keepCase: true });
  return root;
}
