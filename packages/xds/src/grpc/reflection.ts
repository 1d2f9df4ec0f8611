/**
 * Server reflection, versions v1 and v1alpha, so that grpcurl and its like can talk to a config service without proto
 * files. What it tells is made from the codec's descriptors when somebody first asks.
 */
import { status, type Server, type ServerDuplexStream } from '@grpc/grpc-js';
import { createCodec, type Codec, type DecodedMessage } from '../codec/codec.ts';
import { FileDescriptors } from '../codec/file-descriptors.ts';
import type { JsonObject } from '../codec/json.ts';
import { loadDescriptors } from '../codec/load-codec.ts';
import { checked } from '../wire/discovery-wire.ts';
import { reflectionPackages, serviceDescriptions, serviceMessages } from './service-descriptions.ts';

/** @param offers whether a service, by its full name, is offered here */
export function registerReflection(server: Server, offers: (service: string) => boolean): void {
  const codec = createCodec([serviceMessages]);
  const services = serviceDescriptions.filter(({ name }) => offers(name));
  let loading: Promise<FileDescriptors> | undefined;
  const files = (): Promise<FileDescriptors> => {
    loading ??= loadDescriptors('admin').then((sources) => new FileDescriptors([...sources, serviceMessages], services));
    return loading;
  };
  for (const name of reflectionPackages) {
    const onCall = (call: ServerDuplexStream<JsonObject, JsonObject>): void => serve(call, files);
    server.register(
      `/${name}.ServerReflection/ServerReflectionInfo`,
      onCall,
      (response: JsonObject) => encode(codec, `${name}.ServerReflectionResponse`, response),
      (bytes) => decode(codec, `${name}.ServerReflectionRequest`, bytes),
      'bidi',
    );
  }
}

function encode(codec: Codec, messageName: string, value: JsonObject): Buffer {
  return Buffer.from(checked(codec.encode(messageName, value), messageName));
}

function decode(codec: Codec, messageName: string, bytes: Buffer): JsonObject {
  return checked<DecodedMessage>(codec.decode(messageName, bytes), messageName).value;
}

/** Answers each question in its turn. */
function serve(call: ServerDuplexStream<JsonObject, JsonObject>, files: () => Promise<FileDescriptors>): void {
  let last = Promise.resolve();
  const after = (step: (found: FileDescriptors) => void): void => {
    last = last.then(async () => step(await files())).catch((error: unknown) => void call.emit('error', { code: status.INTERNAL, details: String(error) }));
  };
  call.on('data', (request: JsonObject) => after((found) => void call.write({ original_request: request, ...answer(request, found) })));
  call.on('end', () => after(() => call.end()));
  // Without a listener, the failure of one call would end the process.
  call.on('error', () => {});
}

function answer(request: JsonObject, files: FileDescriptors): JsonObject {
  const { file_by_filename: fileName, file_containing_symbol: symbol, all_extension_numbers_of_type: extended } = request;
  if (typeof fileName === 'string') return fileAnswer(files.byName(fileName), fileName);
  if (typeof symbol === 'string') return fileAnswer(files.containing(symbol), symbol);
  // proto3 has no extensions but those of options, and options are not kept.
  if (typeof extended === 'string') return { all_extension_numbers_response: { base_type_name: extended } };
  if (request['file_containing_extension'] !== undefined) return failure(status.NOT_FOUND, 'there are no extensions here');
  if (request['list_services'] !== undefined) return { list_services_response: { service: files.services.map((name) => ({ name })) } };
  return failure(status.INVALID_ARGUMENT, 'nothing was asked');
}

function fileAnswer(file: Uint8Array | undefined, asked: string): JsonObject {
  if (file === undefined) return failure(status.NOT_FOUND, `${asked} is not known here`);
  return { file_descriptor_response: { file_descriptor_proto: [Buffer.from(file).toString('base64')] } };
}

function failure(code: status, message: string): JsonObject {
  return { error_response: { error_code: code, error_message: message } };
}
