/** `envoy.extensions.upstreams.http.v3.HttpProtocolOptions`: how a cluster's hosts are spoken to. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';
import { openTypedConfig } from './decode/typed-config.ts';
import {
  defaultCommonHttpProtocolOptions,
  readCommonHttpProtocolOptions,
  readHttp1ProtocolOptions,
  type CommonHttpProtocolOptions,
} from './http-protocol-options.ts';

export const upstreamHttpProtocolOptionsTypeName = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

export interface UpstreamHttpProtocolOptions {
  readonly common: CommonHttpProtocolOptions;
  readonly protocol: 'http1' | 'http2';
}

/** A cluster that says nothing is spoken to in HTTP/1.1. */
export const defaultUpstreamHttpProtocolOptions: UpstreamHttpProtocolOptions = {
  common: defaultCommonHttpProtocolOptions,
  protocol: 'http1',
};

export function readUpstreamHttpProtocolOptions(
  json: unknown,
  scope: Scope,
): UpstreamHttpProtocolOptions | undefined {
  const typed = openTypedConfig(json, scope);
  if (!typed) return undefined;
  if (typed.typeName !== upstreamHttpProtocolOptionsTypeName) {
    scope.at('@type').error(`is ${typed.typeName}, must be ${upstreamHttpProtocolOptionsTypeName}`);
    return undefined;
  }
  const reader = MessageReader.open(typed.json, typed.scope);
  if (!reader) return undefined;
  const common =
    reader.read('common_http_protocol_options', readCommonHttpProtocolOptions) ?? defaultCommonHttpProtocolOptions;
  const kind = reader.oneof(
    ['explicit_http_config', 'use_downstream_protocol_config', 'auto_config'],
    false,
  );
  const protocol = kind === 'explicit_http_config' ? reader.read(kind, readExplicitHttpConfig) : undefined;
  reader.refuse([
    'use_downstream_protocol_config',
    'auto_config',
    'upstream_http_protocol_options',
    'http_filters',
    'outlier_detection',
    'retry_policy',
    'hash_policy',
    'request_mirror_policies',
    'header_validation_config',
  ]);
  reader.done();
  return { common, protocol: protocol ?? 'http1' };
}

function readExplicitHttpConfig(json: unknown, scope: Scope): 'http1' | 'http2' | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const kind = reader.oneof(
    ['http_protocol_options', 'http2_protocol_options', 'http3_protocol_options'],
    true,
  );
  if (kind === 'http_protocol_options') reader.read(kind, readHttp1ProtocolOptions);
  reader.refuse(['http2_protocol_options', 'http3_protocol_options'], 'upstreams are spoken to in HTTP/1.1');
  reader.done();
  return 'http1';
}
