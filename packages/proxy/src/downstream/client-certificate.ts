/**
 * `x-forwarded-client-cert`: what an upstream hears of the certificate that a client has shown. Where a client has shown
 * none, what it says itself about one is never passed on, unless everything is (Envoy's rules).
 */
import type { RequestHead } from '@sluice/http';
import type { ClientCertificateDetails, ClientCertificatePart } from '@sluice/resources';
import type { CertificateFacts } from '../tls/certificate-facts.ts';
import type { ConnectionTls } from '../tls/connection-tls.ts';

const header = 'x-forwarded-client-cert';

/** What each connection's certificates come to, for one set of parts: the same for all of its requests. */
const elements = new WeakMap<ConnectionTls, Map<ClientCertificateDetails, string>>();

/** @param details undefined: the header is taken away */
export function describeCertificate(head: RequestHead, details: ClientCertificateDetails | undefined, tls: ConnectionTls | undefined): void {
  if (details?.mode === 'ALWAYS_FORWARD_ONLY') return;
  if (!details || !tls?.peer) {
    head.remove(header);
    return;
  }
  if (details.mode === 'FORWARD_ONLY') return;
  const element = elementOf(details, tls, tls.peer);
  const said = details.mode === 'APPEND_FORWARD' ? head.get(header) : undefined;
  head.set(header, said === undefined || said === '' ? element : `${said},${element}`);
}

function elementOf(details: ClientCertificateDetails, tls: ConnectionTls, peer: CertificateFacts): string {
  let known = elements.get(tls);
  if (!known) elements.set(tls, (known = new Map()));
  let element = known.get(details);
  if (element === undefined) {
    const by = (tls.local?.uriNames ?? []).map((name) => `By=${name}`);
    element = [...by, `Hash=${peer.fingerprint256}`, ...details.parts.flatMap((part) => describe(part, peer))].join(';');
    known.set(details, element);
  }
  return element;
}

function describe(part: ClientCertificatePart, peer: CertificateFacts): readonly string[] {
  switch (part) {
    case 'Cert':
      return [`Cert="${peer.encodedPem}"`];
    case 'Chain':
      return [`Chain="${peer.encodedChain}"`];
    case 'Subject':
      return [`Subject="${peer.subject}"`];
    case 'URI':
      // Said even where there is none, so that nobody takes another's for it.
      return peer.uriNames.length > 0 ? peer.uriNames.map((name) => `URI=${name}`) : ['URI='];
    case 'DNS':
      return peer.dnsNames.map((name) => `DNS=${name}`);
  }
}
