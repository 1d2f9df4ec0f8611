/**
 * How a cluster's hosts are spoken to: by `typed_extension_protocol_options`, or by the older fields that stand on the
 * cluster itself and are still what most control planes send. Where the newer ones are there, the older say nothing, as
 * in Envoy.
 */
import { readAutoSni } from './auto-sni.ts';
import type { MessageReader } from './decode/message-reader.ts';
import { defaultHttp2ProtocolOptions, readHttp2ProtocolOptions } from './http2-protocol-options.ts';
import {
  defaultUpstreamHttpProtocolOptions,
  readCommonUpstreamOptions,
  readHttp1UpstreamOptions,
  readUpstreamHttpProtocolOptions,
  type UpstreamHttpProtocolOptions,
} from './upstream-http-protocol-options.ts';

export function readClusterProtocolOptions(reader: MessageReader): UpstreamHttpProtocolOptions {
  const older = readOlderFields(reader);
  let options: UpstreamHttpProtocolOptions | undefined;
  reader.map('typed_extension_protocol_options', (json, scope) => {
    options = readUpstreamHttpProtocolOptions(json, scope) ?? options;
    return options;
  });
  return options ?? older;
}

/** That `http2_protocol_options` is there at all is what makes a cluster speak HTTP/2. */
function readOlderFields(reader: MessageReader): UpstreamHttpProtocolOptions {
  const shared = reader.read('common_http_protocol_options', readCommonUpstreamOptions) ?? defaultUpstreamHttpProtocolOptions;
  const requestsPerConnectionMax = reader.uint32('max_requests_per_connection', shared.requestsPerConnectionMax);
  reader.read('http_protocol_options', readHttp1UpstreamOptions);
  const http2 = reader.read('http2_protocol_options', readHttp2ProtocolOptions);
  const selection = reader.enum('protocol_selection', ['USE_CONFIGURED_PROTOCOL', 'USE_DOWNSTREAM_PROTOCOL'], 'USE_CONFIGURED_PROTOCOL');
  const autoSni = reader.read('upstream_http_protocol_options', readAutoSni);
  // Where both limits are set, the one for all protocols is the newer.
  const limited = shared.requestsPerConnectionMax > 0 ? shared : { ...shared, requestsPerConnectionMax };
  const options = autoSni ? { ...limited, autoSni } : limited;
  if (selection === 'USE_DOWNSTREAM_PROTOCOL') return { ...options, http2: http2 ?? defaultHttp2ProtocolOptions, followsDownstream: true };
  return http2 ? { ...options, http2 } : options;
}
