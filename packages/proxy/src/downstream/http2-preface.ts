/** What a client of HTTP/2 says first when it knows that it may (RFC 9113 3.4). No request of HTTP/1 begins so. */
import { Buffer } from 'node:buffer';

export const http2Preface: Buffer = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
