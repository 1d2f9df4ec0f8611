/** Bodies of unknown length on their way out: chunked coding (RFC 9112 7.1), the same towards both sides. */
import type { Buffer } from 'node:buffer';
import { chunkFramingBytesMax, writeChunkSize, writeLastChunk, type Trailers } from '@sluice/http';
import type { OutputWriter } from './output-buffer.ts';

/** One chunk of one piece of data, copied together with its framing unless it is large. */
export function writeChunk(writer: OutputWriter, memory: Buffer, start: number, end: number, mayBorrow: boolean): void {
  const { output } = writer;
  const at = output.claim(writer, chunkFramingBytesMax);
  output.commit(writeChunkSize(end - start, output.memory, at));
  writer.write(memory, start, end, mayBorrow);
  const after = output.claim(writer, 2);
  output.memory[after] = 0x0d;
  output.memory[after + 1] = 0x0a;
  output.commit(after + 2);
}

/** The last chunk, with the trailers if there are any. */
export function writeEndOfChunks(writer: OutputWriter, trailers: Trailers | undefined): void {
  const { output } = writer;
  const at = output.claim(writer, 8 + (trailers?.fieldBytesMax ?? 0));
  output.commit(writeLastChunk(trailers, output.memory, at));
}
