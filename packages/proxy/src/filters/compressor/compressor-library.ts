/** The codings: `compressor_library` with Envoy's Gzip and Brotli, as settings of Node's zlib. */
import { constants, createBrotliCompress, createGzip, type BrotliCompress, type Gzip } from 'node:zlib';
import { MessageReader, openTypedConfig, type Scope } from '@sluice/resources';

export interface CompressorLibrary {
  /** For statistics. */
  readonly name: string;
  /** Value of `content-encoding`. */
  readonly coding: 'gzip' | 'br';
  /** Each write comes out at once, so that events and partial pages are not held back. */
  create(): Gzip | BrotliCompress;
}

export function readCompressorLibrary(json: unknown, scope: Scope): CompressorLibrary | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const name = reader.requiredString('name');
  const library = reader.required('typed_config', readTyped);
  reader.done();
  return library && { name, ...library };
}

type Coding = Omit<CompressorLibrary, 'name'>;

const gzipType = 'envoy.extensions.compression.gzip.compressor.v3.Gzip';
const brotliType = 'envoy.extensions.compression.brotli.compressor.v3.Brotli';

function readTyped(json: unknown, scope: Scope): Coding | undefined {
  const typed = openTypedConfig(json, scope);
  if (!typed) return undefined;
  if (typed.typeName === gzipType) return readGzip(typed.json, typed.scope);
  if (typed.typeName === brotliType) return readBrotli(typed.json, typed.scope);
  scope.at('@type').error(`is ${typed.typeName}, which is not known; known are ${gzipType}, ${brotliType}`);
  return undefined;
}

const levels = {
  DEFAULT_COMPRESSION: constants.Z_DEFAULT_COMPRESSION,
  BEST_SPEED: 1, COMPRESSION_LEVEL_1: 1, COMPRESSION_LEVEL_2: 2, COMPRESSION_LEVEL_3: 3, COMPRESSION_LEVEL_4: 4, COMPRESSION_LEVEL_5: 5,
  COMPRESSION_LEVEL_6: 6, COMPRESSION_LEVEL_7: 7, COMPRESSION_LEVEL_8: 8, COMPRESSION_LEVEL_9: 9, BEST_COMPRESSION: 9,
} as const;

const strategies = {
  DEFAULT_STRATEGY: constants.Z_DEFAULT_STRATEGY,
  FILTERED: constants.Z_FILTERED,
  HUFFMAN_ONLY: constants.Z_HUFFMAN_ONLY,
  RLE: constants.Z_RLE,
  FIXED: constants.Z_FIXED,
} as const;

/** Envoy's defaults: memory level 5, window of 4 KiB. */
function readGzip(json: unknown, scope: Scope): Coding | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const options = {
    memLevel: reader.uint32('memory_level', 5, { min: 1, max: 9 }),
    level: levels[reader.enum('compression_level', namesOf(levels), 'DEFAULT_COMPRESSION')],
    strategy: strategies[reader.enum('compression_strategy', namesOf(strategies), 'DEFAULT_STRATEGY')],
    windowBits: reader.uint32('window_bits', 12, { min: 9, max: 15 }),
    chunkSize: reader.uint32('chunk_size', 4096, { min: 4096, max: 65_536 }),
    flush: constants.Z_SYNC_FLUSH,
  };
  reader.done();
  return { coding: 'gzip', create: () => createGzip(options) };
}

/** Envoy's defaults: quality 3, window of 256 KiB. */
function readBrotli(json: unknown, scope: Scope): Coding | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const modes = { DEFAULT: constants.BROTLI_MODE_GENERIC, GENERIC: constants.BROTLI_MODE_GENERIC, TEXT: constants.BROTLI_MODE_TEXT, FONT: constants.BROTLI_MODE_FONT } as const;
  const options = {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: reader.uint32('quality', 3, { max: 11 }),
      [constants.BROTLI_PARAM_MODE]: modes[reader.enum('encoder_mode', namesOf(modes), 'DEFAULT')],
      [constants.BROTLI_PARAM_LGWIN]: reader.uint32('window_bits', 18, { min: 10, max: 24 }),
    },
    chunkSize: reader.uint32('chunk_size', 4096, { min: 4096, max: 65_536 }),
    flush: constants.BROTLI_OPERATION_FLUSH,
  };
  reader.ignore(['input_block_bits', 'disable_literal_context_modeling']);
  reader.done();
  return { coding: 'br', create: () => createBrotliCompress(options) };
}

function namesOf<Name extends string>(table: Readonly<Record<Name, number>>): readonly Name[] {
  return Object.keys(table) as Name[];
}
