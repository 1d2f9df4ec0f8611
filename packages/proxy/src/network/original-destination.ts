/**
 * Where a connection was going before a packet filter of the system led it here (`REDIRECT`, `DNAT`): the kernel remembers, and tells whoever
 * asks the socket for SO_ORIGINAL_DST, as Envoy's `original_dst` does. Node has no word for that, but lets the C library be called
 * (`node:ffi`, experimental, since 26.1). Loaded by the first connection that asks, which costs 2 ms, and a question 10 µs; where
 * Node lacks it, or has been started without it, nothing is known, which is said once: what was redirected then seems to be meant for us.
 */
import { Buffer } from 'node:buffer';
import { silentLogger, type Address, type Logger } from '@sluice/kernel';

/** Gives 0, or -1. The socket's number, level, option; address and its length are written. */
type GetSocketOption = (fd: number, level: number, option: number, address: Buffer, length: Buffer) => number;

/** Numbers of Linux: `netinet/in.h`, `linux/netfilter_ipv4.h`, `linux/netfilter_ipv6/ip6_tables.h`, `bits/socket.h`. */
const levels = { IPv4: 0, IPv6: 41 } as const;
const originalDestinationOption = 80;
const families = { IPv4: 2, IPv6: 10 } as const;

/** Of `sockaddr_in6`, the longer of the two. In bytes. */
const addressBytesMax = 28;

export class OriginalDestinations {
  readonly #platform: string;
  readonly #logger: Logger;
  readonly #address = Buffer.alloc(addressBytesMax);
  readonly #length = Buffer.alloc(4);
  #ask: GetSocketOption | undefined | 'not-tried' = 'not-tried';

  /** @param platform `process.platform`: elsewhere than on Linux the kernel is asked otherwise, or not at all */
  constructor(platform: string, logger: Logger = silentLogger) {
    this.#platform = platform;
    this.#logger = logger;
  }

  /** Undefined when nothing is known, or when it came here by itself. @param local our end of it */
  of(fd: number | undefined, local: Address): Address | undefined {
    if (fd === undefined || fd < 0 || local.path !== undefined) return undefined;
    const ask = this.#ask === 'not-tried' ? (this.#ask = this.#find()) : this.#ask;
    if (!ask) return undefined;
    // A socket for both families takes connections of IPv4 under addresses of IPv6, but the kernel keeps them as what they are.
    const level = local.host.includes(':') && !local.host.startsWith('::ffff:') ? levels.IPv6 : levels.IPv4;
    this.#length.writeUInt32LE(addressBytesMax);
    if (ask(fd, level, originalDestinationOption, this.#address, this.#length) !== 0) return undefined;
    const found = readSocketAddress(this.#address);
    return found && found.port === local.port && found.host === withoutMapping(local.host) ? undefined : found;
  }

  #find(): GetSocketOption | undefined {
    try {
      if (this.#platform !== 'linux') throw new Error(`the kernel of ${this.#platform} is asked otherwise`);
      // Not imported: where there is none, a module that names it could not be loaded at all.
      const { dlopen } = process.getBuiltinModule('node:ffi');
      return dlopen(null, { getsockopt: { arguments: ['int32', 'int32', 'int32', 'buffer', 'buffer'], return: 'int32' } }).functions.getsockopt;
    } catch (error) {
      this.#logger.warn('original destinations cannot be asked for', { error });
      return undefined;
    }
  }
}

/** A `sockaddr_in` or `sockaddr_in6`; both begin with the family, in the machine's order, and the port, in the network's. */
export function readSocketAddress(bytes: Buffer): Address | undefined {
  const port = bytes.readUInt16BE(2);
  switch (bytes.readUInt16LE(0)) {
    case families.IPv4:
      return { host: bytes.subarray(4, 8).join('.'), port };
    case families.IPv6: {
      const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(8 + 2 * index).toString(16));
      // The one short form that everybody else uses, too.
      return { host: new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1), port };
    }
    default:
      return undefined;
  }
}

function withoutMapping(host: string): string {
  return host.startsWith('::ffff:') ? host.slice('::ffff:'.length) : host;
}
