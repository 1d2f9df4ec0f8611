/** Secrets: certificates apart from the listeners that show them, so that a renewed one drains no connection. */
import { typeUrls } from '@sluice/resources';
import type { ServingCertificate } from '@sluice/serving';

import type { TranslatedResource } from './resource.ts';

export function secret({ name, certificateChain, privateKey }: ServingCertificate): TranslatedResource {
  return {
    typeUrl: typeUrls.secret,
    name,
    value: {
      name,
      tls_certificate: {
        certificate_chain: { inline_string: certificateChain },
        private_key: { inline_string: privateKey },
      },
    },
  };
}
