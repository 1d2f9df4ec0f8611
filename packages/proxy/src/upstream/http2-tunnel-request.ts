/** An upgrade of HTTP/1 as a CONNECT within a stream (RFC 8441), and its answer as the 101 that the client waits for. */
import { createHash } from 'node:crypto';
import { Known, type RequestHead, type ResponseHead } from '@sluice/http';

/** What a server adds to the key of a handshake (RFC 6455 4.2.2). */
const handshakeGuid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

export class Http2TunnelRequest {
  readonly protocol: string;
  readonly #key: string | undefined;

  /** Takes what belongs to the handshake of HTTP/1 out of `head`. */
  constructor(head: RequestHead) {
    this.protocol = (head.get('upgrade') ?? '').toLowerCase();
    this.#key = head.get('sec-websocket-key');
    head.remove('sec-websocket-key');
    head.removeKnown(Known.upgrade | Known.connection);
  }

  /** The host has agreed. */
  answer(head: ResponseHead): void {
    head.status = 101;
    head.framing = 'none';
    head.removeKnown(Known.contentLength);
    head.set('upgrade', this.protocol);
    if (this.#key !== undefined) head.set('sec-websocket-accept', createHash('sha1').update(this.#key + handshakeGuid).digest('base64'));
  }
}
