/** How a connection manager finds out who its client is: the fields of it that say whom to believe. */
import { MessageReader } from './decode/message-reader.ts';
import { decodeInteger, decodeNonEmptyString } from './decode/scalars.ts';
import type { Scope } from './decode/scope.ts';
import { openTypedConfig } from './decode/typed-config.ts';

/** A range of addresses as it is written; who compiles it checks that it is one. */
export interface AddressRange {
  readonly addressPrefix: string;
  readonly prefixBits: number;
}

/** `InternalAddressConfig`: whose requests count as internal. Without it nobody's do, as in Envoy since 1.33. */
export interface InternalAddressConfig {
  readonly unixSockets: boolean;
  readonly ranges: readonly AddressRange[];
}

/** One way to find the client's address; the first that finds one decides. */
export type IpDetection =
  | {
      readonly kind: 'xff';
      readonly trustedHops: number;
      readonly skipsAppend: boolean;
    }
  | {
      readonly kind: 'custom_header';
      /** In lower case. */
      readonly header: string;
      /** Whether what the header says may make a request internal. */
      readonly allowsTrustedAddressChecks: boolean;
      /** What to answer when the header brings no address: a status from 400 to 511; undefined goes on to the next. */
      readonly rejectStatus: number | undefined;
    };

/** `ForwardProtoConfig`: ports of this proxy that stand for a scheme, for connections whose address was restored. */
export interface ForwardProtoConfig {
  readonly httpPorts: readonly number[];
  readonly httpsPorts: readonly number[];
}

const typeNames = {
  xff: 'envoy.extensions.http.original_ip_detection.xff.v3.XffConfig',
  customHeader: 'envoy.extensions.http.original_ip_detection.custom_header.v3.CustomHeaderConfig',
} as const;

export interface ClientAddressConfig {
  /** Whether the peer's address is the client's, so that `x-forwarded-for` is written here. */
  readonly useRemoteAddress: boolean;
  /** How many proxies in front of this one are to be believed. */
  readonly xffTrustedHops: number;
  readonly skipXffAppend: boolean;
  readonly internalAddresses: InternalAddressConfig;
  readonly appendXForwardedPort: boolean;
  readonly ipDetections: readonly IpDetection[];
  readonly forwardProto: ForwardProtoConfig | undefined;
}

export function readClientAddressConfig(reader: MessageReader): ClientAddressConfig {
  const config: ClientAddressConfig = {
    useRemoteAddress: reader.boolean('use_remote_address', false),
    xffTrustedHops: reader.uint32('xff_num_trusted_hops', 0),
    skipXffAppend: reader.boolean('skip_xff_append', false),
    internalAddresses: reader.read('internal_address_config', readInternalAddressConfig) ?? { unixSockets: false, ranges: [] },
    appendXForwardedPort: reader.boolean('append_x_forwarded_port', false),
    ipDetections: reader.list('original_ip_detection_extensions', readIpDetection),
    forwardProto: reader.read('forward_proto_config', readForwardProtoConfig),
  };
  const { scope } = reader;
  if (config.ipDetections.length === 0) return config;
  if (config.useRemoteAddress) {
    scope.at('original_ip_detection_extensions').error('may not be set with use_remote_address: the peer is the client then');
  }
  if (config.xffTrustedHops > 0) {
    scope.at('original_ip_detection_extensions').error('may not be set with xff_num_trusted_hops: say it to the xff extension');
  }
  return config;
}

function readInternalAddressConfig(json: unknown, scope: Scope): InternalAddressConfig | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const config: InternalAddressConfig = {
    unixSockets: reader.boolean('unix_sockets', false),
    ranges: reader.list('cidr_ranges', readAddressRange),
  };
  reader.done();
  return config;
}

export function readAddressRange(json: unknown, scope: Scope): AddressRange | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const addressPrefix = reader.requiredString('address_prefix');
  const prefixBits = reader.uint32('prefix_len', 0, { max: addressPrefix.includes(':') ? 128 : 32 });
  reader.done();
  return addressPrefix === '' ? undefined : { addressPrefix, prefixBits };
}

function readIpDetection(json: unknown, scope: Scope): IpDetection | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  reader.requiredString('name');
  const detection = reader.required('typed_config', readIpDetectionConfig);
  reader.done();
  return detection;
}

function readIpDetectionConfig(json: unknown, scope: Scope): IpDetection | undefined {
  const typed = openTypedConfig(json, scope);
  if (!typed) return undefined;
  if (typed.typeName === typeNames.xff) return readXff(typed.json, typed.scope);
  if (typed.typeName === typeNames.customHeader) return readCustomHeader(typed.json, typed.scope);
  scope.at('@type').error(`is ${typed.typeName}, must be one of ${Object.values(typeNames).join(', ')}`);
  return undefined;
}

function readXff(json: unknown, scope: Scope): IpDetection | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const detection: IpDetection = {
    kind: 'xff',
    trustedHops: reader.uint32('xff_num_trusted_hops', 0),
    // Its default is to leave the field as it is; Envoy's message says so for this extension only.
    skipsAppend: reader.boolean('skip_xff_append', true),
  };
  reader.refuse(['xff_trusted_cidrs']);
  reader.done();
  return detection;
}

function readCustomHeader(json: unknown, scope: Scope): IpDetection | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const header = reader.requiredString('header_name').toLowerCase();
  if (header !== '' && !/^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(header)) scope.at('header_name').error(`is ${JSON.stringify(header)}, must be a header name`);
  const allowsTrustedAddressChecks = reader.boolean('allow_extension_to_set_address_as_trusted', false);
  const rejectStatus = reader.read('reject_with_status', readRejectStatus);
  reader.done();
  return { kind: 'custom_header', header, allowsTrustedAddressChecks, rejectStatus };
}

/** `envoy.type.v3.HttpStatus`. */
function readRejectStatus(json: unknown, scope: Scope): number | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const status = reader.read('code', (code, at) => {
    const number = typeof code === 'string' ? Number(/^[A-Z]\w*$/.test(code) ? Number.NaN : code) : code;
    return decodeInteger(number, at, { min: 400, max: 511 });
  });
  reader.done();
  return status;
}

function readForwardProtoConfig(json: unknown, scope: Scope): ForwardProtoConfig | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const readPort = (port: unknown, at: Scope) => decodeInteger(port, at, { min: 1, max: 65_535 });
  const config = {
    httpPorts: reader.list('http_destination_ports', readPort),
    httpsPorts: reader.list('https_destination_ports', readPort),
  };
  reader.done();
  return config;
}

/** `SchemeHeaderTransformation`: what `:scheme` and `x-forwarded-proto` say, whatever the client said. */
export function readSchemeTransformation(json: unknown, scope: Scope): 'http' | 'https' | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const scheme = reader.read('scheme_to_overwrite', (value, at) => {
    const text = decodeNonEmptyString(value, at);
    if (text === undefined || text === 'http' || text === 'https') return text;
    at.error(`is ${JSON.stringify(text)}, must be http or https`);
    return undefined;
  });
  reader.refuse(['match_upstream']);
  reader.done();
  return scheme;
}
