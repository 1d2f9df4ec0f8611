/** IP addresses and ranges of them, without sockets: RFC 4291 texts, `envoy.config.core.v3.CidrRange`. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';

/** Four bytes of IPv4, or sixteen of IPv6. An IPv4 address in IPv6 clothes (`::ffff:1.2.3.4`) is IPv4. */
export type IpBytes = readonly number[];

/** Undefined for what is no address. */
export function parseIp(text: string): IpBytes | undefined {
  if (!text.includes(':')) return parseIpv4(text);
  const bytes = parseIpv6(text);
  const isMapped = bytes?.every((byte, index) => index > 11 || byte === (index > 9 ? 0xff : 0));
  return isMapped ? bytes?.slice(12) : bytes;
}

function parseIpv4(text: string): IpBytes | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)) return undefined;
  return parts.map(Number);
}

function parseIpv6(text: string): IpBytes | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [before, after] = halves.map(parseGroups);
  if (!before || (halves.length === 2 && !after)) return undefined;
  const zeros = 16 - before.length - (after?.length ?? 0);
  // `::` stands for at least one group of zeros; without it nothing may be missing.
  if (after ? zeros < 2 : zeros !== 0) return undefined;
  return [...before, ...Array.from({ length: zeros }, () => 0), ...(after ?? [])];
}

/** The bytes of groups between colons; the last group may be an IPv4 address. */
function parseGroups(text: string): IpBytes | undefined {
  if (text === '') return [];
  const groups = text.split(':');
  const bytes: number[] = [];
  for (const [index, group] of groups.entries()) {
    const ipv4 = index === groups.length - 1 && group.includes('.') ? parseIpv4(group) : undefined;
    if (!ipv4 && !/^[0-9a-f]{1,4}$/i.test(group)) return undefined;
    const value = Number.parseInt(group, 16);
    bytes.push(...(ipv4 ?? [value >> 8, value & 0xff]));
  }
  return bytes;
}

export interface CidrRange {
  readonly address: IpBytes;
  /** How many bits count. */
  readonly prefixBits: number;
}

/** Whether an address (as text) lies in the range; of the other family none does. */
export function isInRange(host: string, { address, prefixBits }: CidrRange): boolean {
  const bytes = parseIp(host);
  if (bytes?.length !== address.length) return false;
  for (let index = 0, bits = prefixBits; bits > 0; index += 1, bits -= 8) {
    const mask = bits >= 8 ? 0xff : (0xff << (8 - bits)) & 0xff;
    if ((((bytes[index] as number) ^ (address[index] as number)) & mask) !== 0) return false;
  }
  return true;
}

export function readCidrRange(json: unknown, scope: Scope): CidrRange | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const text = reader.requiredString('address_prefix');
  const address = parseIp(text);
  if (!address && text !== '') scope.at('address_prefix').error(`is ${JSON.stringify(text)}, must be an IP address`);
  const prefixBits = reader.uint32('prefix_len', 0, { max: address ? address.length * 8 : 128 });
  reader.done();
  return address && { address, prefixBits };
}
