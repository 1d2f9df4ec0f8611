/** Networks of IP addresses, as text. */
import type { IpBytes } from './ip-address.ts';

/** With all bits behind the first `bits` cleared. */
export function maskIp(bytes: IpBytes, bits: number): IpBytes {
  return bytes.map((byte, index) => {
    const kept = Math.min(8, Math.max(0, bits - index * 8));
    return byte & ((0xff << (8 - kept)) & 0xff);
  });
}

/** As RFC 5952 writes it: groups without leading zeros, the longest run of zero groups as `::`. */
export function formatIp(bytes: IpBytes): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, index) => (((bytes[index * 2] as number) << 8) | (bytes[index * 2 + 1] as number)).toString(16));
  let best = { start: 0, length: 0 };
  for (let start = 0; start < 8; start += 1) {
    let length = 0;
    while (groups[start + length] === '0') length += 1;
    if (length > best.length) best = { start, length };
  }
  if (best.length < 2) return groups.join(':');
  return `${groups.slice(0, best.start).join(':')}::${groups.slice(best.start + best.length).join(':')}`;
}
