/** `envoy.extensions.filters.http.buffer.v3.Buffer` and `BufferPerRoute`. */
import type { Checked } from '@sluice/kernel';
import { decodeDocument, MessageReader, type DecodeOptions, type Scope } from '@sluice/resources';

export interface BufferConfig {
  /** Bodies of more bytes are refused. Undefined: nothing is kept back (a route that wants none of it). */
  readonly bytesMax: number | undefined;
}

export function decodeBuffer(value: unknown, path: string, options?: DecodeOptions): Checked<BufferConfig> {
  return decodeDocument(value, path, options, readBuffer);
}

export function decodeBufferPerRoute(value: unknown, path: string, options?: DecodeOptions): Checked<BufferConfig> {
  return decodeDocument(value, path, options, (json, scope): BufferConfig | undefined => {
    const reader = MessageReader.open(json, scope);
    const kind = reader?.oneof(['disabled', 'buffer'], true);
    const config = kind === 'buffer' ? reader?.read(kind, readBuffer) : { bytesMax: undefined };
    if (kind === 'disabled') reader?.only(kind, true);
    reader?.done();
    return kind && config;
  });
}

function readBuffer(json: unknown, scope: Scope): BufferConfig | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  if (!reader.has('max_request_bytes')) scope.at('max_request_bytes').error('is required');
  const bytesMax = reader.uint32('max_request_bytes', 0, { min: 1 });
  reader.done();
  return { bytesMax };
}
