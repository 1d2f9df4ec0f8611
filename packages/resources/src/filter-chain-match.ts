/** `envoy.config.listener.v3.FilterChainMatch`: how a connection must look for a chain. */
import { readCidrRange, type CidrRange } from './cidr-range.ts';
import { MessageReader, type Decoder } from './decode/message-reader.ts';
import { decodeNonEmptyString, decodeUint32 } from './decode/scalars.ts';
import type { Scope } from './decode/scope.ts';

/** Empty lists, an empty string, `ANY` and undefined ask for nothing. */
export interface FilterChainMatch {
  readonly destinationPort: number | undefined;
  readonly prefixRanges: readonly CidrRange[];
  /** In lower case: `a.example.com`, or `*.example.com` for every name that ends so. */
  readonly serverNames: readonly string[];
  /** `tls` or `raw_buffer`. */
  readonly transportProtocol: string;
  /** `h2`, `http/1.1`, `h2c`, …: what ALPN offers or what the first bytes show. */
  readonly applicationProtocols: readonly string[];
  readonly directSourcePrefixRanges: readonly CidrRange[];
  readonly sourceType: SourceType;
  readonly sourcePrefixRanges: readonly CidrRange[];
  readonly sourcePorts: readonly number[];
}

export type SourceType = 'ANY' | 'SAME_IP_OR_LOOPBACK' | 'EXTERNAL';

/** Matches every connection. */
export const anyConnection: FilterChainMatch = {
  destinationPort: undefined,
  prefixRanges: [],
  serverNames: [],
  transportProtocol: '',
  applicationProtocols: [],
  directSourcePrefixRanges: [],
  sourceType: 'ANY',
  sourcePrefixRanges: [],
  sourcePorts: [],
};

export function readFilterChainMatch(json: unknown, scope: Scope): FilterChainMatch | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const match: FilterChainMatch = {
    destinationPort: reader.read('destination_port', readPort),
    prefixRanges: reader.list('prefix_ranges', readCidrRange),
    serverNames: reader.list('server_names', readServerName),
    transportProtocol: reader.string('transport_protocol', ''),
    applicationProtocols: reader.list('application_protocols', decodeNonEmptyString),
    directSourcePrefixRanges: reader.list('direct_source_prefix_ranges', readCidrRange),
    sourceType: reader.enum('source_type', ['ANY', 'SAME_IP_OR_LOOPBACK', 'EXTERNAL'], 'ANY'),
    sourcePrefixRanges: reader.list('source_prefix_ranges', readCidrRange),
    sourcePorts: reader.list('source_ports', readPort),
  };
  reader.refuse(['address_suffix', 'suffix_len'], 'Envoy does not have it either');
  reader.done();
  return match;
}

const readPort: Decoder<number> = (json, scope) => decodeUint32(json, scope, { min: 1, max: 65_535 });

/** A wildcard stands for whole labels at the left, and not alone: a chain for every name says nothing about names. */
function readServerName(json: unknown, scope: Scope): string | undefined {
  const name = decodeNonEmptyString(json, scope)?.toLowerCase();
  if (name === undefined) return undefined;
  const rest = name.startsWith('*.') ? name.slice(2) : name;
  if (rest !== '' && !rest.includes('*')) return name;
  scope.error(`is ${JSON.stringify(name)}: a wildcard stands only as *. before a domain`);
  return undefined;
}
