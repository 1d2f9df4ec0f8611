/** What the codec knows, in the form that other implementations of protobuf read. */
import { FileDescriptors } from '../codec/file-descriptors.ts';
import { loadDescriptors, type CodecScope } from '../codec/load-codec.ts';

/** Every file by its name, as an encoded `google.protobuf.FileDescriptorProto`, that of well-known types included. */
export async function loadFileDescriptors(scope: CodecScope): Promise<ReadonlyMap<string, Uint8Array>> {
  const files = new FileDescriptors(await loadDescriptors(scope), []);
  return new Map(files.names.map((name) => [name, files.byName(name) as Uint8Array]));
}
