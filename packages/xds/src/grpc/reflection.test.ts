/** Reflection, read by an independent reader of descriptors: protobufjs makes messages of what we say ours are. */
import { Client, credentials } from '@grpc/grpc-js';
import { silentLogger, createMeter, systemClock, systemTimers } from '@sluice/kernel';
import protobuf from 'protobufjs';
import descriptor from 'protobufjs/ext/descriptor/index.js';
import { afterEach, expect, test } from 'vitest';

import { createCodec } from '../codec/codec.ts';
import type { JsonObject } from '../codec/json.ts';
import { AdsServer, loadCodec, openGrpcServer, SnapshotCache } from '../index.ts';
import { reflectionPackages, serviceMessages } from './service-descriptions.ts';

const cleanups: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function reflect(name: string): Promise<(request: JsonObject) => Promise<JsonObject>> {
  const codec = await loadCodec('admin');
  const ads = new AdsServer({ cache: new SnapshotCache(), clock: systemClock, timers: systemTimers, logger: silentLogger, meter: createMeter() });
  const server = await openGrpcServer({ address: '127.0.0.1:0', codec, timers: systemTimers, handlers: { ...ads.handlers, onLoadStats() {}, onLoad() {} } });
  const client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure());
  const own = createCodec([serviceMessages]);
  const call = client.makeBidiStreamRequest(
    `/${name}.ServerReflection/ServerReflectionInfo`,
    (value: JsonObject) => {
      const encoded = own.encode(`${name}.ServerReflectionRequest`, value);
      return Buffer.from(encoded.ok ? encoded.value : []);
    },
    (bytes) => {
      const decoded = own.decode(`${name}.ServerReflectionResponse`, bytes);
      return decoded.ok ? decoded.value.value : {};
    },
  );
  call.on('error', () => {});
  cleanups.push(() => server.stop(), () => client.close(), () => call.cancel());
  return (request) => {
    const answer = new Promise<JsonObject>((resolve) => call.once('data', resolve));
    call.write(request);
    return answer;
  };
}

interface FileProto extends protobuf.Message {
  readonly name: string;
  readonly dependency: readonly string[];
}

function fileIn(answer: JsonObject): FileProto {
  const { file_descriptor_proto: files } = answer['file_descriptor_response'] as { file_descriptor_proto: readonly [string] };
  return descriptor.FileDescriptorProto.decode(Buffer.from(files[0], 'base64')) as unknown as FileProto;
}

test.each(reflectionPackages)('%s lists what is offered', async (name) => {
  const ask = await reflect(name);
  const answer = await ask({ list_services: '' });
  const { service } = answer['list_services_response'] as { readonly service: readonly { readonly name: string }[] };
  expect(service.map((entry) => entry.name)).toEqual(
    expect.arrayContaining([
      'envoy.service.discovery.v3.AggregatedDiscoveryService',
      'envoy.service.secret.v3.SecretDiscoveryService',
      'envoy.service.status.v3.ClientStatusDiscoveryService',
      'sluice.load.v1.LoadService',
      'grpc.health.v1.Health',
      'grpc.reflection.v1.ServerReflection',
    ]),
  );
});

test('a stranger can follow a service to every message that it needs, and speak it', async () => {
  const ask = await reflect('grpc.reflection.v1');
  const files = new Map<string, FileProto>();
  const take = async (file: FileProto): Promise<void> => {
    if (files.has(file.name)) return;
    files.set(file.name, file);
    for (const dependency of file.dependency) await take(fileIn(await ask({ file_by_filename: dependency })));
  };
  await take(fileIn(await ask({ file_containing_symbol: 'envoy.service.discovery.v3.AggregatedDiscoveryService' })));
  await take(fileIn(await ask({ file_containing_symbol: 'envoy.config.cluster.v3.Cluster' })));
  const root = (protobuf.Root as unknown as { fromDescriptor(set: object): protobuf.Root }).fromDescriptor(
    descriptor.FileDescriptorSet.create({ file: [...files.values()] }),
  );
  root.resolveAll();
  const Cluster = root.lookupType('envoy.config.cluster.v3.Cluster');
  const bytes = Cluster.encode(
    Cluster.fromObject({
      name: 'a',
      type: 'EDS',
      connect_timeout: { seconds: 5 },
      circuit_breakers: { thresholds: [{ max_requests: { value: 7 } }] },
      // This reader takes maps for what they are on the wire: lists of entries.
      metadata: { filter_metadata: [{ key: 'sluice', value: { fields: [{ key: 'revision', value: { string_value: 'a-00001' } }] } }] },
    }),
  ).finish();
  const codec = await loadCodec('core');
  expect(codec.decode('envoy.config.cluster.v3.Cluster', bytes)).toMatchObject({
    ok: true,
    value: {
      unknownFields: 0,
      value: {
        name: 'a',
        type: 'EDS',
        connect_timeout: '5s',
        circuit_breakers: { thresholds: [{ max_requests: 7 }] },
        metadata: { filter_metadata: { sluice: { revision: 'a-00001' } } },
      },
    },
  });
  expect(root.lookupService('envoy.service.discovery.v3.AggregatedDiscoveryService').methods['DeltaAggregatedResources']).toMatchObject({ requestStream: true, responseStream: true });
});

test('a method and a field are found by the file of their owner, and what is not there is said to be', async () => {
  const ask = await reflect('grpc.reflection.v1');
  const method = fileIn(await ask({ file_containing_symbol: 'grpc.health.v1.Health.Check' }));
  expect(method.name).toBe('grpc.health.v1.Health.proto');
  expect(await ask({ file_containing_symbol: 'no.such.Thing' })).toMatchObject({ error_response: { error_code: 5 } });
  expect(await ask({ file_by_filename: 'no/such.proto' })).toMatchObject({ error_response: { error_code: 5 } });
  expect(await ask({})).toMatchObject({ error_response: { error_code: 3 } });
});
