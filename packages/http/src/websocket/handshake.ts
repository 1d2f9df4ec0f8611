/** The opening of a WebSocket (RFC 6455 section 4): what a client asks, and what a server answers. */
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import type { Random } from '@sluice/kernel';
import type { RequestHead, ResponseHead } from '../message-head.ts';

/** What every server appends to the key (1.3). */
const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Sixteen bytes in base64, as a client chooses them anew for each connection. */
export function createWebSocketKey(random: Random): string {
  return Buffer.from(Array.from({ length: 16 }, () => Math.floor(random.next() * 256))).toString('base64');
}

/** `Sec-WebSocket-Accept` for a client's key. */
export function acceptOf(key: string): string {
  return createHash('sha1').update(key + guid).digest('base64');
}

/** The request of a client, as text. */
export function writeUpgradeRequest(authority: string, path: string, key: string): string {
  const fields = [`Host: ${authority}`, 'Upgrade: websocket', 'Connection: Upgrade', `Sec-WebSocket-Key: ${key}`, 'Sec-WebSocket-Version: 13'];
  return `GET ${path} HTTP/1.1\r\n${fields.join('\r\n')}\r\n\r\n`;
}

/** The server's answer to a request that `findUpgradeFault` found nothing in. */
export function writeUpgradeResponse(key: string): string {
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${acceptOf(key)}\r\n\r\n`;
}

/** Why a request opens no WebSocket (4.2.1); undefined when it does. */
export function findUpgradeFault(head: RequestHead): string | undefined {
  if (head.method !== 'GET' || head.minorVersion !== 1) return 'not a GET of HTTP/1.1';
  if (head.get('upgrade')?.toLowerCase() !== 'websocket' || !head.connectionOptions.includes('upgrade')) return 'no upgrade to websocket';
  if (head.get('sec-websocket-version') !== '13') return 'not version 13';
  const key = head.get('sec-websocket-key') ?? '';
  return Buffer.from(key, 'base64').length === 16 ? undefined : 'no key of sixteen bytes';
}

/** Whether a server has opened the WebSocket that was asked for with `key` (4.1). */
export function isUpgradeAccepted(head: ResponseHead, key: string): boolean {
  return (
    head.status === 101 &&
    head.get('upgrade')?.toLowerCase() === 'websocket' &&
    head.connectionOptions.includes('upgrade') &&
    head.get('sec-websocket-accept') === acceptOf(key)
  );
}
