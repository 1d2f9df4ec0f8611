/**
 * TLS between gateways, activators and pods (`system-internal-tls`): endpoints that are spoken to over it say so themselves, and
 * clusters say how. So an endpoint moves from the one port to the other by one resource, and no connection is made with half of it.
 */
import { typeUrls } from '@sluice/resources';
import { podSubject, routingSubject, type InternalTls, type Protocol } from '@sluice/serving';

import { internalSecretNames, typeNames } from './names.ts';
import type { JsonObject, TranslatedResource } from './resource.ts';

/** In the metadata of an endpoint: it is spoken to over TLS. */
export const securedEndpoint: JsonObject = { 'envoy.transport_socket_match': { tls: 'internal' } };

/** For clusters of pods. @param subjects of which a host must prove one */
export function internalTransports(subjects: readonly string[], protocol: Protocol): JsonObject {
  const socket = {
    '@type': typeNames.upstreamTls,
    common_tls_context: {
      tls_params: { tls_minimum_protocol_version: 'TLSv1_3', tls_maximum_protocol_version: 'TLSv1_3' },
      alpn_protocols: [protocol === 'h2c' ? 'h2' : 'http/1.1'],
      combined_validation_context: {
        default_validation_context: { match_typed_subject_alt_names: subjects.map((exact) => ({ san_type: 'DNS', matcher: { exact } })) },
        validation_context_sds_secret_config: fetched(internalSecretNames.authorities),
      },
    },
  };
  return { transport_socket_matches: [{ name: 'internal', match: { tls: 'internal' }, transport_socket: { name: 'envoy.transport_sockets.tls', typed_config: socket } }] };
}

/** For a gateway, behind which are the pods or the activators of a namespace. */
export function gatewaySubjects(namespace: string): readonly string[] {
  return [routingSubject, podSubject(namespace)];
}

/** What an activator shows to gateways; nothing is asked of them. */
export function routingTlsContext(): JsonObject {
  return {
    '@type': typeNames.downstreamTls,
    common_tls_context: {
      tls_params: { tls_minimum_protocol_version: 'TLSv1_3', tls_maximum_protocol_version: 'TLSv1_3' },
      tls_certificate_sds_secret_configs: [fetched(internalSecretNames.routing)],
      alpn_protocols: ['h2', 'http/1.1'],
    },
  };
}

export function authoritiesSecret({ authorities }: InternalTls): TranslatedResource {
  const name = internalSecretNames.authorities;
  return { typeUrl: typeUrls.secret, name, value: { name, validation_context: { trusted_ca: { inline_string: authorities } } } };
}

export function routingSecret({ certificateChain, privateKey }: NonNullable<InternalTls['identity']>): TranslatedResource {
  const name = internalSecretNames.routing;
  return { typeUrl: typeUrls.secret, name, value: { name, tls_certificate: { certificate_chain: { inline_string: certificateChain }, private_key: { inline_string: privateKey } } } };
}

function fetched(name: string): JsonObject {
  return { name, sds_config: { ads: {}, resource_api_version: 'V3' } };
}
