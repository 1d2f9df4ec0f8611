/** PROXY headers for others to read, as `proxy-header.ts` reads them. */
import { Buffer } from 'node:buffer';
import type { Address } from '@sluice/kernel';
import { parseIp, type IpBytes } from '@sluice/resources';
import { hostOf, proxyV2Signature, type ProxyTlv } from './proxy-header.ts';

/** Whom a connection is from and for. */
export interface ProxiedEnds {
  readonly source: Address;
  readonly destination: Address;
}

interface IpEnds {
  readonly source: IpBytes;
  readonly destination: IpBytes;
}

/** Undefined where one of the two is no IP address, as of a Unix socket, or they are of different families: headers cannot say that. */
function ipEndsOf({ source, destination }: ProxiedEnds): IpEnds | undefined {
  const [from, to] = [parseIp(source.host), parseIp(destination.host)];
  return from && to && from.length === to.length ? { source: from, destination: to } : undefined;
}

/** `ends` undefined: the proxy speaks for itself. */
export function writeProxyV1(ends: ProxiedEnds | undefined): Buffer {
  const ips = ends && ipEndsOf(ends);
  if (!ends || !ips) return Buffer.from('PROXY UNKNOWN\r\n');
  const family = ips.source.length === 4 ? 'TCP4' : 'TCP6';
  const [source, destination] = [ips.source, ips.destination].map((bytes) => hostOf(Buffer.from(bytes)));
  return Buffer.from(`PROXY ${family} ${source} ${destination} ${ends.source.port} ${ends.destination.port}\r\n`);
}

/** Version and command in one byte; family and transport in another. */
const local = 0x20;
const proxied = 0x21;
const tcp4 = 0x11;
const tcp6 = 0x21;

/** `ends` undefined: the proxy speaks for itself, and there is nobody whose TLVs could go along. */
export function writeProxyV2(ends: ProxiedEnds | undefined, tlvs: readonly ProxyTlv[]): Buffer {
  const ips = ends && ipEndsOf(ends);
  if (!ends || !ips) return Buffer.from([...proxyV2Signature, local, 0, 0, 0]);
  const isV4 = ips.source.length === 4;
  const rest = Buffer.concat([
    Buffer.from([...ips.source, ...ips.destination]),
    uint16(ends.source.port),
    uint16(ends.destination.port),
    ...tlvs.flatMap(({ type, value }) => [Buffer.from([type]), uint16(value.length), value]),
  ]);
  return Buffer.concat([proxyV2Signature, Buffer.from([proxied, isV4 ? tcp4 : tcp6]), uint16(rest.length), rest]);
}

function uint16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}
