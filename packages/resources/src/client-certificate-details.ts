/** `forward_client_cert_details` and `set_current_client_cert_details`: what upstreams hear of clients' certificates. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';

export type ForwardClientCertMode = 'SANITIZE' | 'FORWARD_ONLY' | 'APPEND_FORWARD' | 'SANITIZE_SET' | 'ALWAYS_FORWARD_ONLY';

export interface ClientCertificateDetails {
  readonly mode: ForwardClientCertMode;
  /** What is said besides who we are and the certificate's hash. */
  readonly parts: readonly ClientCertificatePart[];
}

export type ClientCertificatePart = 'Cert' | 'Chain' | 'Subject' | 'URI' | 'DNS';

const modes = ['SANITIZE', 'FORWARD_ONLY', 'APPEND_FORWARD', 'SANITIZE_SET', 'ALWAYS_FORWARD_ONLY'] as const;

/** Undefined for what is usual: the header is taken from every request. */
export function readClientCertificateDetails(reader: MessageReader): ClientCertificateDetails | undefined {
  const mode = reader.enum('forward_client_cert_details', modes, 'SANITIZE');
  const parts = reader.read('set_current_client_cert_details', readParts) ?? [];
  return mode === 'SANITIZE' ? undefined : { mode, parts };
}

/** In Envoy's order. */
function readParts(json: unknown, scope: Scope): readonly ClientCertificatePart[] | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const wants = {
    Cert: reader.boolean('cert', false),
    Chain: reader.boolean('chain', false),
    Subject: reader.boolean('subject', false),
    URI: reader.boolean('uri', false),
    DNS: reader.boolean('dns', false),
  } as const;
  reader.done();
  return (['Cert', 'Chain', 'Subject', 'URI', 'DNS'] as const).filter((part) => wants[part]);
}
