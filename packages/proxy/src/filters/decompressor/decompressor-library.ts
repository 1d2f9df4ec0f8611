/** The codings that can be undone: `decompressor_library` with Envoy's Gzip, Brotli and Zstd. */
import { createBrotliDecompress, createGunzip, createZstdDecompress } from 'node:zlib';
import { MessageReader, openTypedConfig, type Scope } from '@sluice/resources';
import type { Coding } from '../compressor/compressor-library.ts';
import type { ZlibStream } from '../compressor/zlib-transform.ts';

export interface DecompressorLibrary {
  /** For statistics. */
  readonly name: string;
  readonly coding: Coding;
  /** How many times as many bytes may come out as have gone in; more are taken for an attack. Default 100, as Envoy's for gzip. */
  readonly expansionMax: number;
  create(): ZlibStream;
}

const defaultExpansionMax = 100;

type Settings = Omit<DecompressorLibrary, 'name'>;

const readers: Readonly<Record<string, (reader: MessageReader) => Settings>> = {
  'envoy.extensions.compression.gzip.decompressor.v3.Gzip'(reader) {
    const options = { windowBits: reader.uint32('window_bits', 15, { min: 9, max: 15 }), chunkSize: readChunkSize(reader) };
    return { coding: 'gzip', expansionMax: reader.uint32('max_inflate_ratio', defaultExpansionMax, { min: 1, max: 1032 }), create: () => createGunzip(options) };
  },
  'envoy.extensions.compression.brotli.decompressor.v3.Brotli'(reader) {
    const options = { chunkSize: readChunkSize(reader) };
    reader.ignore(['disable_ring_buffer_reallocation']);
    return { coding: 'br', expansionMax: defaultExpansionMax, create: () => createBrotliDecompress(options) };
  },
  'envoy.extensions.compression.zstd.decompressor.v3.Zstd'(reader) {
    const options = { chunkSize: readChunkSize(reader) };
    reader.refuse(['dictionaries']);
    return { coding: 'zstd', expansionMax: defaultExpansionMax, create: () => createZstdDecompress(options) };
  },
};

export function readDecompressorLibrary(json: unknown, scope: Scope): DecompressorLibrary | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const name = reader.requiredString('name');
  const settings = reader.required('typed_config', (inner, at) => {
    const typed = openTypedConfig(inner, at);
    const read = typed && readers[typed.typeName];
    if (typed && !read) at.at('@type').error(`is ${typed.typeName}, which is not known; known are ${Object.keys(readers).join(', ')}`);
    const fields = typed && read && MessageReader.open(typed.json, typed.scope);
    const found = fields && read?.(fields);
    fields?.done();
    return found;
  });
  reader.done();
  return settings && { name, ...settings };
}

function readChunkSize(reader: MessageReader): number {
  return reader.uint32('chunk_size', 4096, { min: 4096, max: 65_536 });
}
