/** `sluice pc clusters`: what requests can be sent to. */
import { objectAt, textAt } from '../json-reading.ts';
import type { Answer } from '../output.ts';
import type { DumpedResource, ProxyDump } from './dump.ts';

export interface ClusterFilter {
  readonly name?: string;
  /** Part of the name, or of the host in a name that Istio has given. */
  readonly fqdn?: string;
  /** Of a name that Istio has given. */
  readonly port?: string;
}

export function clustersAnswer({ clusters }: ProxyDump, { name, fqdn, port }: ClusterFilter): Answer<DumpedResource> {
  const rows = clusters.filter((cluster) => {
    const parts = partsOfName(cluster.name);
    if (name !== undefined && cluster.name !== name) return false;
    return (fqdn === undefined || parts.fqdn.includes(fqdn)) && (port === undefined || parts.port === port);
  });
  return {
    columns: [
      { title: 'NAME', of: ({ name: title }) => title },
      { title: 'TYPE', of: ({ value }) => typeOf(value) },
      { title: 'BALANCING', of: ({ value }) => balancingOf(value) },
      { title: 'PROTOCOL', of: ({ value }) => protocolOf(value) },
      { title: 'TLS', of: ({ value }) => textAt(objectAt(value, 'transport_socket'), 'name').replace('envoy.transport_sockets.', '') },
      { title: 'STATE', of: ({ state }) => state, isWide: true },
      { title: 'VERSION', of: ({ version }) => version, isWide: true },
      { title: 'UPDATED', of: ({ updated }) => updated, isWide: true },
    ],
    rows,
    source: ({ value }) => value,
    nothing: 'No clusters found.',
  };
}

/** Istio's names are `direction|port|subset|host`; any other is a host as a whole. */
export function partsOfName(name: string): { readonly fqdn: string; readonly port: string } {
  const parts = name.split('|');
  return parts.length === 4 ? { fqdn: parts[3] ?? '', port: parts[1] ?? '' } : { fqdn: name, port: '' };
}

function typeOf(value: DumpedResource['value']): string {
  if (value === undefined) return '';
  const custom = textAt(objectAt(value, 'cluster_type'), 'name');
  return custom || textAt(value, 'type') || 'STATIC';
}

function balancingOf(value: DumpedResource['value']): string {
  if (value === undefined) return '';
  const [policy] = (objectAt(value, 'load_balancing_policy')['policies'] ?? []) as readonly unknown[];
  const named = textAt(objectAt(policy, 'typed_extension_config'), 'name');
  return named.replace('envoy.load_balancing_policies.', '').toUpperCase() || textAt(value, 'lb_policy') || 'ROUND_ROBIN';
}

function protocolOf(value: DumpedResource['value']): string {
  if (value === undefined) return '';
  const options = objectAt(value, 'typed_extension_protocol_options', 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions');
  if ('auto_config' in options) return 'auto';
  if ('use_downstream_protocol_config' in options) return 'as downstream';
  const isHttp2 = 'http2_protocol_options' in objectAt(options, 'explicit_http_config') || 'http2_protocol_options' in value;
  return isHttp2 ? 'HTTP/2' : 'HTTP/1.1';
}
