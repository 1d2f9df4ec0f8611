/** TLS towards the backends of Kubernetes' own routes. */
import type { ServingBackend } from '@sluice/serving';

import type { JsonObject, TranslatedResource } from '../resource.ts';

const upstreamTls = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext';

/** The cluster of a backend, which is spoken to as its policy says, where it has one. */
export function withBackendTls({ value, ...cluster }: TranslatedResource, { tls, protocol }: ServingBackend): TranslatedResource {
  if (!tls) return { ...cluster, value };
  const { serverName, names, authorities } = tls;
  const context: JsonObject = {
    '@type': upstreamTls,
    sni: serverName,
    common_tls_context: {
      alpn_protocols: [protocol === 'h2c' ? 'h2' : 'http/1.1'],
      validation_context: {
        ...(authorities === '' ? { system_root_certs: {} } : { trusted_ca: { inline_string: authorities } }),
        match_typed_subject_alt_names: names.map(({ kind, value: name }) => ({ san_type: kind === 'dns' ? 'DNS' : 'URI', matcher: { exact: name } })),
      },
    },
  };
  return { ...cluster, value: { ...value, transport_socket: { name: 'envoy.transport_sockets.tls', typed_config: context } } };
}
