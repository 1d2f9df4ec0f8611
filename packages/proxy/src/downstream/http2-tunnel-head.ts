/**
 * Tunnels within a stream (RFC 8441) in the terms of HTTP/1, in which the pump and its configuration speak of upgrades: a
 * CONNECT with a protocol is a GET that asks to upgrade, and 101 is 200.
 */
import { Buffer } from 'node:buffer';
import { Known, type RequestHead, type ResponseHead } from '@sluice/http';
import type { Random } from '@sluice/kernel';

const keyBytes = 16;

/** Gives the token of the upgrade. The head is the connection manager's already. */
export function askForTunnel(head: RequestHead, protocol: string, random: Random): string {
  const token = protocol.toLowerCase();
  head.set('upgrade', token);
  // A host of HTTP/1 wants a key to answer, which clients of HTTP/2 do not send. It proves nothing here.
  if (token === 'websocket' && !head.has('sec-websocket-key')) head.set('sec-websocket-key', Buffer.from(bytesOf(random)).toString('base64'));
  return token;
}

function bytesOf(random: Random): number[] {
  return Array.from({ length: keyBytes }, () => Math.floor(random.next() * 256));
}

/** The host has switched: the head that says so to a client of HTTP/2. */
export function endTunnelHandshake(head: ResponseHead): void {
  if (head.status === 101) head.status = 200;
  head.removeKnown(Known.connection | Known.upgrade | Known.contentLength | Known.transferEncoding);
  head.remove('sec-websocket-accept');
}
