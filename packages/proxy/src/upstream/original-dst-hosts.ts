/**
 * The hosts of a cluster of type ORIGINAL_DST: each request goes where its connection was going, or where filter state, metadata
 * or a header says, in this order, and whoever it goes to is a host for as long as somebody does.
 *
 * A header is believed only where the configuration says so, and only when it is an address with its port in plain
 * notation: no name that a name server could turn, no number in octal. Whoever can set it can reach whatever this
 * proxy can; who lets strangers set it should have filters that look at it.
 */
import { Host, type Endpoint, type PickResult } from '@sluice/balancing';
import type { RequestHead } from '@sluice/http';
import { formatAddress, isIpLiteral, type Address, type Counter, type Timer } from '@sluice/kernel';
import type { OriginalDstSettings } from '@sluice/resources';
import { parseIp } from '../ip-address.ts';
import type { StreamInfo } from '../stream-info.ts';
import { valueAt } from '../struct-path.ts';
import type { UpstreamContext } from './upstream-context.ts';

export interface OriginalDstOptions {
  readonly settings: OriginalDstSettings;
  /** Requests that say where they go in a way that cannot be read. */
  readonly invalidHosts: Counter;
  /** There are others than before; not called for each, but soon after. */
  readonly onHosts: (hosts: readonly Host[]) => void;
  /** Nobody has used these for a while. */
  readonly onForgotten: (hosts: readonly Host[]) => void;
}

/** What a request, or a connection, brings. */
export interface Destined {
  /** Absent where there are connections only. */
  readonly request?: RequestHead;
  readonly info: StreamInfo;
}

/** Destinations at once. Chosen: whoever can name them shall not fill the memory with them. */
const hostsMax = 10_000;

/** Filter state that counts before all else: filters that the configuration names have put it there. */
const addressKey = 'envoy.network.transport_socket.original_dst_address';

/** How long others wait to hear of new hosts, in ms: many often come together. */
const announceDelayMs = 100;

const nowhere: PickResult = { kind: 'unavailable', reason: 'no-hosts' };
const overflow: PickResult = { kind: 'overflow' };

export class OriginalDstHosts {
  readonly #options: OriginalDstOptions;
  readonly #context: UpstreamContext;
  readonly #hosts = new Map<string, Host>();
  /** Those that were picked since the last cleanup. */
  readonly #used = new Set<Host>();
  readonly #cleanup: Timer;
  #announcement: Timer | undefined;

  constructor(options: OriginalDstOptions, context: UpstreamContext) {
    this.#options = options;
    this.#context = context;
    this.#cleanup = context.timers.every(options.settings.cleanupIntervalMs, () => this.#forgetUnused());
  }

  pick(request: Destined): PickResult {
    const destination = this.#destinationOf(request);
    if (!destination) return nowhere;
    const host = this.#hosts.get(formatAddress(destination)) ?? this.#add(destination);
    if (!host) return overflow;
    this.#used.add(host);
    return host.pick();
  }

  close(): void {
    this.#cleanup.cancel();
    this.#announcement?.cancel();
  }

  #destinationOf({ request, info }: Destined): Address | undefined {
    const { header, portOverride, metadataKey } = this.#options.settings;
    const said = info.filterState?.get(addressKey) ?? metadataText(info, metadataKey) ?? (header === undefined ? undefined : request?.get(header));
    const address = said === undefined ? info.connection?.originalDestination : parseDestination(said);
    if (said !== undefined && !address) this.#options.invalidHosts.add();
    return address && portOverride > 0 ? { ...address, port: portOverride } : address;
  }

  #add(address: Address): Host | undefined {
    if (this.#hosts.size >= hostsMax) return undefined;
    const host = new Host(endpointAt(address));
    host.healthySince = this.#context.turn.now();
    this.#hosts.set(host.key, host);
    this.#announce();
    return host;
  }

  #forgetUnused(): void {
    const unused = [...this.#hosts.values()].filter((host) => !this.#used.has(host) && host.activeRequests === 0);
    this.#used.clear();
    if (unused.length === 0) return;
    for (const host of unused) this.#hosts.delete(host.key);
    this.#inTurn(() => {
      this.#options.onHosts([...this.#hosts.values()]);
      this.#options.onForgotten(unused);
    });
  }

  #announce(): void {
    this.#announcement ??= this.#context.timers.after(announceDelayMs, () => {
      this.#announcement = undefined;
      this.#inTurn(() => this.#options.onHosts([...this.#hosts.values()]));
    });
  }

  #inTurn(work: () => void): void {
    const { turn } = this.#context;
    turn.enter();
    try {
      work();
    } finally {
      turn.leave();
    }
  }
}

/** What dynamic metadata says; undefined where that is not asked for. What is no text cannot be read, and so leads nowhere. */
function metadataText({ dynamicMetadata }: StreamInfo, key: OriginalDstSettings['metadataKey']): string | undefined {
  if (!key) return undefined;
  const value = valueAt(dynamicMetadata?.get(key.key), key.path);
  return value === undefined || typeof value === 'string' ? value : '';
}

/** `host:port` or `[host]:port`, strictly. */
export function parseDestination(text: string): Address | undefined {
  const [, v6, v4, digits] = /^(?:\[([0-9a-fA-F:.]{2,45})\]|([0-9.]{7,15})):([1-9]\d{0,4})$/.exec(text.trim()) ?? [];
  const host = v6 ?? v4;
  const port = Number(digits);
  if (host === undefined || port > 65_535 || !isIpLiteral(host) || !parseIp(host)) return undefined;
  return { host, port };
}

function endpointAt(address: Address): Endpoint {
  return {
    address,
    hostname: '',
    health: 'healthy',
    weight: 1,
    priority: 0,
    locality: { region: '', zone: '', subZone: '' },
    localityWeight: 0,
    metadata: {},
    check: { port: 0, hostname: '', isDisabled: false },
  };
}
