/** `envoy.filters.listener.proxy_protocol`: takes the PROXY header off a connection and believes it. */
import { Buffer } from 'node:buffer';
import type { Counter } from '@sluice/kernel';
import { MessageReader, readPassThroughTlvs, type Scope } from '@sluice/resources';
import type { ConnectionInfo } from '../connection-info.ts';
import { defineListenerFilter, needsMore, refusesConnection, type ListenerFilter, type ListenerFilterContext } from './listener-filter.ts';
import { proxyHeaderBytesMax, readProxyHeader, type ProxyHeader } from './proxy-header.ts';

export interface ProxyProtocolConfig {
  /** Serves connections without a header, as what they are. Default false: they are closed. */
  readonly allowsAbsent: boolean;
  readonly disallowedVersions: readonly number[];
  /** Types of TLVs that are kept for those who serve the connection. */
  readonly keptTlvs: 'all' | ReadonlySet<number>;
  readonly statPrefix: string;
}

export const proxyProtocolTypeName = 'envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol';

export const proxyProtocolFactory = defineListenerFilter<ProxyProtocolConfig>({
  typeName: proxyProtocolTypeName,
  read: readProxyProtocol,
  create: (config, context) => new ProxyProtocolFilter(config, context),
});

function readProxyProtocol(json: unknown, scope: Scope): ProxyProtocolConfig | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const disallowed = reader.list('disallowed_versions', (version, at) => {
    if (version === 'V1' || version === 'V2') return version === 'V1' ? 1 : 2;
    at.error('must be V1 or V2');
    return undefined;
  });
  const ruled = reader.list('rules', readRule);
  const config: ProxyProtocolConfig = {
    allowsAbsent: reader.boolean('allow_requests_without_proxy_protocol', false),
    disallowedVersions: disallowed,
    keptTlvs: keep(reader.read('pass_through_tlvs', readPassThroughTlvs) ?? new Set(), ruled),
    statPrefix: reader.string('stat_prefix', ''),
  };
  reader.ignore(['tlv_location']);
  reader.done();
  if (disallowed.includes(1) && disallowed.includes(2)) scope.at('disallowed_versions').error('disallows every version');
  return config;
}

/** A rule puts a TLV into metadata, which here means that it is kept. */
function readRule(json: unknown, scope: Scope): number | undefined {
  const reader = MessageReader.open(json, scope);
  const type = reader?.uint32('tlv_type', 0, { max: 255 });
  reader?.ignore(['on_tlv_present']);
  reader?.done();
  return type;
}

function keep(passed: 'all' | ReadonlySet<number>, ruled: readonly number[]): 'all' | ReadonlySet<number> {
  return passed === 'all' ? 'all' : new Set([...passed, ...ruled]);
}

class ProxyProtocolFilter implements ListenerFilter {
  readonly bytesMax = proxyHeaderBytesMax;
  readonly #config: ProxyProtocolConfig;
  readonly #logger: ListenerFilterContext['logger'];
  readonly #count: Readonly<Record<'found1' | 'found2' | 'disallowed1' | 'disallowed2' | 'notFoundAllowed' | 'notFoundDisallowed' | 'errors', Counter>>;

  constructor(config: ProxyProtocolConfig, { meter, logger }: ListenerFilterContext) {
    this.#config = config;
    this.#logger = logger;
    const labels: Record<string, string> = config.statPrefix === '' ? {} : { envoy_proxy_protocol_prefix: config.statPrefix };
    const counter = (name: string, help: string, version?: string) =>
      meter.counter(`envoy_proxy_proto_${name}`, help, version === undefined ? labels : { ...labels, envoy_proxy_protocol_version: version });
    this.#count = {
      found1: counter('versions_found', 'PROXY headers', 'v1'),
      found2: counter('versions_found', 'PROXY headers', 'v2'),
      disallowed1: counter('versions_disallowed', 'PROXY headers of a version that is not allowed', 'v1'),
      disallowed2: counter('versions_disallowed', 'PROXY headers of a version that is not allowed', 'v2'),
      notFoundAllowed: counter('not_found_allowed', 'connections without a PROXY header that were served'),
      notFoundDisallowed: counter('not_found_disallowed', 'connections without a PROXY header that were closed'),
      errors: counter('versions_error', 'PROXY headers that are none'),
    };
  }

  inspect(bytes: Buffer, info: ConnectionInfo): number {
    const header = readProxyHeader(bytes);
    switch (header.kind) {
      case 'incomplete':
        return needsMore;
      case 'absent':
        return this.#onAbsent();
      case 'malformed':
        this.#count.errors.add();
        this.#logger.debug('proxy header refused', { remote: info.directRemote.host, reason: header.reason });
        return refusesConnection;
      case 'header':
        return this.#onHeader(header, info);
    }
  }

  #onAbsent(): number {
    const { allowsAbsent } = this.#config;
    (allowsAbsent ? this.#count.notFoundAllowed : this.#count.notFoundDisallowed).add();
    return allowsAbsent ? 0 : refusesConnection;
  }

  #onHeader(header: Extract<ProxyHeader, { readonly kind: 'header' }>, info: ConnectionInfo): number {
    const isDisallowed = this.#config.disallowedVersions.includes(header.version);
    if (header.version === 1) (isDisallowed ? this.#count.disallowed1 : this.#count.found1).add();
    else (isDisallowed ? this.#count.disallowed2 : this.#count.found2).add();
    if (isDisallowed) return refusesConnection;
    if (header.addresses) {
      info.remote = header.addresses.source;
      info.local = header.addresses.destination;
      info.originalDestination = header.addresses.destination;
    }
    const { keptTlvs } = this.#config;
    const kept = header.tlvs.filter(({ type }) => keptTlvs === 'all' || keptTlvs.has(type));
    // The bytes are in memory that goes on to whoever serves the connection.
    if (kept.length > 0) info.proxyTlvs = new Map(kept.map(({ type, value }) => [type, Buffer.from(value)]));
    return header.length;
  }
}
