/**
 * Responses as HTTP/1.1 bytes: chooses how the body is delimited, says whether the connection lives on, and writes.
 * One per connection, used for one response after the other.
 */
import { Buffer } from 'node:buffer';
import { createHeaderLine, Known, responseHeadBytesMax, writeProperCase, writeResponseHead, type ResponseHead, type Trailers } from '@sluice/http';
import type { Connection, Counter } from '@sluice/kernel';
import { writeChunk, writeEndOfChunks } from '../chunked-output.ts';
import { OutputWriter, type OutputBuffer } from '../output-buffer.ts';

const connectionClose = createHeaderLine('connection', 'close');
const connectionKeepAlive = createHeaderLine('connection', 'keep-alive');
const connectionUpgrade = createHeaderLine('connection', 'upgrade');
const chunkedCoding = createHeaderLine('transfer-encoding', 'chunked');
const continueBytes = Buffer.from('HTTP/1.1 100 Continue\r\n\r\n', 'latin1');

export class Http1ResponseWriter {
  readonly #writer: OutputWriter;
  readonly #output: OutputBuffer;
  /** Names of fields `Like-This`, for clients of old that look at them. */
  usesProperCase = false;
  #isChunked = false;

  constructor(connection: Connection, output: OutputBuffer, bytesSent: Counter) {
    this.#writer = new OutputWriter(connection, output, bytesSent);
    this.#output = output;
  }

  /**
   * Whether a body of this framing can only be ended by closing the connection: clients of HTTP/1.0 do not know
   * chunks.
   */
  static endsByClose(head: ResponseHead, isOldClient: boolean): boolean {
    return isOldClient && hasUnknownLength(head);
  }

  /** The final head. */
  writeHead(head: ResponseHead, isOldClient: boolean, keepsAlive: boolean): void {
    this.#isChunked = hasUnknownLength(head) && !isOldClient;
    if (head.status === 204) head.removeKnown(Known.contentLength);
    if (!this.#isChunked) head.removeKnown(Known.transferEncoding);
    else if ((head.known & Known.transferEncoding) === 0) head.addLine(chunkedCoding);
    if (!keepsAlive) head.addLine(connectionClose);
    else if (isOldClient) head.addLine(connectionKeepAlive);
    this.#write(head);
  }

  writeContinue(): void {
    this.#writer.write(continueBytes, 0, continueBytes.length, false);
  }

  writeInformational(head: ResponseHead): void {
    this.#write(head);
  }

  /** After it bytes are bytes. */
  writeTunnelHead(head: ResponseHead): void {
    const token = head.get('upgrade') ?? '';
    head.removeKnown(Known.connection | Known.upgrade | Known.keepAlive | Known.proxyConnection);
    if (head.status === 101) {
      head.add('upgrade', token);
      head.addLine(connectionUpgrade);
    }
    this.#isChunked = false;
    this.#write(head);
  }

  /** False when the client is slow. */
  writeData(memory: Buffer, start: number, end: number, mayBorrow: boolean): boolean {
    if (start === end) return true;
    if (this.#isChunked) writeChunk(this.#writer, memory, start, end, mayBorrow);
    else this.#writer.write(memory, start, end, mayBorrow);
    return !this.#writer.isBlocked;
  }

  writeEnd(trailers: Trailers | undefined): void {
    if (this.#isChunked) writeEndOfChunks(this.#writer, trailers);
    this.#isChunked = false;
  }

  /** The last response is complete, or will never be. */
  end(): void {
    this.#writer.end();
  }

  /** The same, for a client that sends nothing more: without waiting for it to close. */
  closeWhenSent(): void {
    this.#writer.closeWhenSent();
  }

  /** The connection is over: what waits is for nobody. */
  discard(): void {
    this.#output.discard(this.#writer);
  }

  /** From the connection's `onDrain`: true when nothing is on its way any more. */
  drained(): boolean {
    return this.#writer.drained();
  }

  #write(head: ResponseHead): void {
    const at = this.#output.claim(this.#writer, responseHeadBytesMax(head));
    const { memory } = this.#output;
    const end = writeResponseHead(head, memory, at);
    if (this.usesProperCase) writeProperCase(memory, at, end);
    this.#output.commit(end);
  }
}

function hasUnknownLength(head: ResponseHead): boolean {
  return head.framing === 'chunked' || head.framing === 'until-close';
}
