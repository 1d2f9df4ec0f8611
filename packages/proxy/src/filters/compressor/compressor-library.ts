/** The codings: `compressor_library` with Envoy's Gzip, Brotli and Zstd, as settings of Node's zlib. */
import { constants, createBrotliCompress, createGzip, createZstdCompress } from 'node:zlib';
import { MessageReader, openTypedConfig, type Scope } from '@sluice/resources';
import type { ZlibStream } from './zlib-transform.ts';

/** Value of `content-encoding`. */
export type Coding = 'gzip' | 'br' | 'zstd';

export interface CompressorLibrary {
  /** For statistics. */
  readonly name: string;
  readonly coding: Coding;
  /** Each write comes out at once, so that events and partial pages are not held back. */
  create(): ZlibStream;
}

/** What a coding is called in names of statistics. */
export const statNames: Readonly<Record<Coding, string>> = { gzip: 'gzip', br: 'brotli', zstd: 'zstd' };

export function readCompressorLibrary(json: unknown, scope: Scope): CompressorLibrary | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const name = reader.requiredString('name');
  const library = reader.required('typed_config', readTyped);
  reader.done();
  return library && { name, ...library };
}

type Settings = Omit<CompressorLibrary, 'name'>;

const gzipType = 'envoy.extensions.compression.gzip.compressor.v3.Gzip';
const brotliType = 'envoy.extensions.compression.brotli.compressor.v3.Brotli';
const zstdType = 'envoy.extensions.compression.zstd.compressor.v3.Zstd';

const readers: Readonly<Record<string, (reader: MessageReader) => Settings>> = { [gzipType]: readGzip, [brotliType]: readBrotli, [zstdType]: readZstd };

function readTyped(json: unknown, scope: Scope): Settings | undefined {
  const typed = openTypedConfig(json, scope);
  if (!typed) return undefined;
  const read = readers[typed.typeName];
  if (!read) {
    scope.at('@type').error(`is ${typed.typeName}, which is not known; known are ${Object.keys(readers).join(', ')}`);
    return undefined;
  }
  const reader = MessageReader.open(typed.json, typed.scope);
  const settings = reader && read(reader);
  reader?.done();
  return settings;
}

/** zlib's numbers, which are the same everywhere: `constants` would load `node:zlib` where nothing is compressed. */
const levels = {
  DEFAULT_COMPRESSION: -1,
  BEST_SPEED: 1, COMPRESSION_LEVEL_1: 1, COMPRESSION_LEVEL_2: 2, COMPRESSION_LEVEL_3: 3, COMPRESSION_LEVEL_4: 4, COMPRESSION_LEVEL_5: 5,
  COMPRESSION_LEVEL_6: 6, COMPRESSION_LEVEL_7: 7, COMPRESSION_LEVEL_8: 8, COMPRESSION_LEVEL_9: 9, BEST_COMPRESSION: 9,
} as const;

const strategies = { DEFAULT_STRATEGY: 0, FILTERED: 1, HUFFMAN_ONLY: 2, RLE: 3, FIXED: 4 } as const;

/** Envoy's defaults: memory level 5, window of 4 KiB. */
function readGzip(reader: MessageReader): Settings {
  const options = {
    memLevel: reader.uint32('memory_level', 5, { min: 1, max: 9 }),
    level: levels[reader.enum('compression_level', namesOf(levels), 'DEFAULT_COMPRESSION')],
    strategy: strategies[reader.enum('compression_strategy', namesOf(strategies), 'DEFAULT_STRATEGY')],
    windowBits: reader.uint32('window_bits', 12, { min: 9, max: 15 }),
    chunkSize: readChunkSize(reader),
    flush: constants.Z_SYNC_FLUSH,
  };
  return { coding: 'gzip', create: () => createGzip(options) };
}

/** Envoy's defaults: quality 3, window of 256 KiB. */
function readBrotli(reader: MessageReader): Settings {
  const modes = { DEFAULT: constants.BROTLI_MODE_GENERIC, GENERIC: constants.BROTLI_MODE_GENERIC, TEXT: constants.BROTLI_MODE_TEXT, FONT: constants.BROTLI_MODE_FONT } as const;
  const options = {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: reader.uint32('quality', 3, { max: 11 }),
      [constants.BROTLI_PARAM_MODE]: modes[reader.enum('encoder_mode', namesOf(modes), 'DEFAULT')],
      [constants.BROTLI_PARAM_LGWIN]: reader.uint32('window_bits', 18, { min: 10, max: 24 }),
    },
    chunkSize: readChunkSize(reader),
    flush: constants.BROTLI_OPERATION_FLUSH,
  };
  reader.ignore(['input_block_bits', 'disable_literal_context_modeling']);
  return { coding: 'br', create: () => createBrotliCompress(options) };
}

const zstdStrategies = { DEFAULT: 0, FAST: 1, DFAST: 2, GREEDY: 3, LAZY: 4, LAZY2: 5, BTLAZY2: 6, BTOPT: 7, BTULTRA: 8, BTULTRA2: 9 } as const;

/** Envoy's default: level 3. */
function readZstd(reader: MessageReader): Settings {
  const strategy = zstdStrategies[reader.enum('strategy', namesOf(zstdStrategies), 'DEFAULT')];
  const options = {
    params: {
      [constants.ZSTD_c_compressionLevel]: reader.uint32('compression_level', 3, { min: 1, max: 22 }),
      [constants.ZSTD_c_checksumFlag]: Number(reader.boolean('enable_checksum', false)),
      ...(strategy === 0 ? {} : { [constants.ZSTD_c_strategy]: strategy }),
    },
    chunkSize: readChunkSize(reader),
    flush: constants.ZSTD_e_flush,
  };
  reader.refuse(['dictionary']);
  return { coding: 'zstd', create: () => createZstdCompress(options) };
}

function readChunkSize(reader: MessageReader): number {
  return reader.uint32('chunk_size', 4096, { min: 4096, max: 65_536 });
}

function namesOf<Name extends string>(table: Readonly<Record<Name, number>>): readonly Name[] {
  return Object.keys(table) as Name[];
}
