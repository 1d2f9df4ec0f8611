/**
 * The header that load balancers put before a connection to say whom it is from: the PROXY protocol, versions 1 and 2.
 * https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt
 */
import { Buffer } from 'node:buffer';
import type { Address } from '@sluice/kernel';
import { parseIp } from '@sluice/resources';

export type ProxyHeader =
  | { readonly kind: 'incomplete' }
  /** The connection does not begin with one. */
  | { readonly kind: 'absent' }
  | { readonly kind: 'malformed'; readonly reason: string }
  | {
      readonly kind: 'header';
      readonly version: 1 | 2;
      /** Bytes of it. */
      readonly length: number;
      /** Undefined: the proxy speaks for itself (LOCAL, UNKNOWN), or of a family that is no IP. */
      readonly addresses: { readonly source: Address; readonly destination: Address } | undefined;
      /** Of version 2, in order. */
      readonly tlvs: readonly ProxyTlv[];
    };

export interface ProxyTlv {
  readonly type: number;
  readonly value: Buffer;
}

/** `\r\n\r\n\0\r\nQUIT\n` */
export const proxyV2Signature = Buffer.from([0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]);
const v1Signature = Buffer.from('PROXY ');

/** Bytes of the longest line of version 1, its CRLF included. */
const v1BytesMax = 107;
const v2FixedBytes = 16;

/** Bytes of the longest header of version 2. */
export const proxyHeaderBytesMax = v2FixedBytes + 65_535;

const incomplete: ProxyHeader = { kind: 'incomplete' };
const malformed = (reason: string): ProxyHeader => ({ kind: 'malformed', reason });

export function readProxyHeader(bytes: Buffer): ProxyHeader {
  if (beginsLike(bytes, proxyV2Signature)) return bytes.length < v2FixedBytes ? incomplete : readV2(bytes);
  if (beginsLike(bytes, v1Signature)) return bytes.length < v1Signature.length ? incomplete : readV1(bytes);
  return { kind: 'absent' };
}

function beginsLike(bytes: Buffer, signature: Buffer): boolean {
  const compared = Math.min(bytes.length, signature.length);
  return signature.compare(bytes, 0, compared, 0, compared) === 0;
}

function readV1(bytes: Buffer): ProxyHeader {
  const end = bytes.subarray(0, v1BytesMax).indexOf('\r\n');
  if (end === -1) return bytes.length < v1BytesMax ? incomplete : malformed('the line is too long');
  const length = end + 2;
  const parts = bytes.toString('latin1', 0, end).split(' ');
  const [, family, source = '', destination = '', sourcePort = '', destinationPort = ''] = parts;
  if (family === 'UNKNOWN') return { kind: 'header', version: 1, length, addresses: undefined, tlvs: [] };
  if (parts.length !== 6 || (family !== 'TCP4' && family !== 'TCP6')) return malformed('the line has not the right parts');
  const hasHosts = [source, destination].every((host) => parseIp(host) !== undefined && host.includes(':') === (family === 'TCP6'));
  if (!hasHosts) return malformed('an address is none');
  if (![sourcePort, destinationPort].every(isPort)) return malformed('a port is none');
  const addresses = { source: { host: source, port: Number(sourcePort) }, destination: { host: destination, port: Number(destinationPort) } };
  return { kind: 'header', version: 1, length, addresses, tlvs: [] };
}

function isPort(text: string): boolean {
  return /^(0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535;
}

/** Low half of byte 12: LOCAL or PROXY. */
const localCommand = 0x0;
const proxyCommand = 0x1;
/** Byte 13: family and transport. */
const tcp4 = 0x11;
const tcp6 = 0x21;

function readV2(bytes: Buffer): ProxyHeader {
  const command = (bytes[12] as number) & 0x0f;
  if ((bytes[12] as number) >> 4 !== 2) return malformed('the version is not 2');
  if (command !== localCommand && command !== proxyCommand) return malformed('the command is unknown');
  const length = v2FixedBytes + bytes.readUInt16BE(14);
  if (bytes.length < length) return incomplete;
  const family = bytes[13] as number;
  const addressBytes = family === tcp4 ? 12 : family === tcp6 ? 36 : 0;
  if (command === proxyCommand && family !== 0 && addressBytes === 0) return malformed('the family is neither TCP over IPv4 nor over IPv6');
  if (length < v2FixedBytes + addressBytes) return malformed('the addresses are cut off');
  if (command === localCommand || addressBytes === 0) return { kind: 'header', version: 2, length, addresses: undefined, tlvs: [] };
  const tlvs = readTlvs(bytes.subarray(v2FixedBytes + addressBytes, length));
  if (!tlvs) return malformed('a TLV is cut off');
  return { kind: 'header', version: 2, length, addresses: readAddresses(bytes, addressBytes), tlvs };
}

function readAddresses(bytes: Buffer, addressBytes: number): { source: Address; destination: Address } {
  const hostBytes = addressBytes === 12 ? 4 : 16;
  const at = v2FixedBytes;
  return {
    source: { host: hostOf(bytes.subarray(at, at + hostBytes)), port: bytes.readUInt16BE(at + 2 * hostBytes) },
    destination: { host: hostOf(bytes.subarray(at + hostBytes, at + 2 * hostBytes)), port: bytes.readUInt16BE(at + 2 * hostBytes + 2) },
  };
}

export function hostOf(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2));
  return compress(groups);
}

/** RFC 5952: the longest run of zeros, the first of equals, is `::`. */
function compress(groups: readonly number[]): string {
  let best = { start: 0, length: 1 };
  for (let start = 0; start < 8; start += 1) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length += 1;
    if (length > best.length) best = { start, length };
  }
  const hex = groups.map((group) => group.toString(16));
  if (best.length < 2) return hex.join(':');
  return `${hex.slice(0, best.start).join(':')}::${hex.slice(best.start + best.length).join(':')}`;
}

function readTlvs(bytes: Buffer): readonly ProxyTlv[] | undefined {
  const tlvs: ProxyTlv[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (bytes.length - at < 3) return undefined;
    const end = at + 3 + bytes.readUInt16BE(at + 1);
    if (end > bytes.length) return undefined;
    tlvs.push({ type: bytes[at] as number, value: bytes.subarray(at + 3, end) });
    at = end;
  }
  return tlvs;
}
