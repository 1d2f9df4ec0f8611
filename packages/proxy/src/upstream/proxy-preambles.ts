/** The PROXY headers with which connections to hosts begin: one for each client and what it was for, and one for our own errands. */
import { Buffer } from 'node:buffer';
import type { UpstreamProxyProtocol } from '@sluice/resources';
import type { ProxyTlv } from '../downstream/listener-filters/proxy-header.ts';
import { writeProxyV1, writeProxyV2, type ProxiedEnds } from '../downstream/listener-filters/write-proxy-header.ts';
import type { StreamInfo } from '../stream-info.ts';

/** For whom a connection to a host is. */
export type ProxiedFor = Pick<StreamInfo, 'downstreamRemote' | 'downstreamLocal' | 'connection' | 'connectionId'>;

export class ProxyPreambles {
  readonly #settings: UpstreamProxyProtocol;

  constructor(settings: UpstreamProxyProtocol) {
    this.#settings = settings;
  }

  /** Undefined: the connection is our own, as those of health checks are. */
  of(client: ProxiedFor | undefined): Buffer {
    const ends = client && endsOf(client);
    return this.#settings.version === 1 ? writeProxyV1(ends) : writeProxyV2(ends, this.#passed(client));
  }

  #passed(client: ProxiedFor | undefined): readonly ProxyTlv[] {
    const { passedTlvs } = this.#settings;
    const kept = client?.connection?.proxyTlvs;
    if (!kept) return none;
    return [...kept].filter(([type]) => passedTlvs === 'all' || passedTlvs.has(type)).map(([type, value]) => ({ type, value: Buffer.from(value) }));
  }
}

const none: readonly never[] = [];

/** As the connection has it: what headers of requests say of clients is not said here. */
function endsOf({ downstreamRemote, downstreamLocal }: ProxiedFor): ProxiedEnds {
  return { source: downstreamRemote, destination: downstreamLocal };
}
