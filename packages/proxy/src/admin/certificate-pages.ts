/** `/certs`: the certificates in use, and how long they are good for. */
import type { Clock } from '@sluice/kernel';
import { subjectNamesOf } from '../tls/subject-names.ts';
import type { ShownCertificate } from '../tls/tls-material.ts';
import type { ShownCertificates } from '../tls/tls-supplies.ts';
import { json, type AdminPage } from './admin-page.ts';

export const certificatesPage: AdminPage = {
  path: '/certs',
  help: 'certificates in use, and when they expire',
  mutates: false,
  answer(_query, { store, clock }) {
    const certificates = (store?.certificates() ?? []).map(({ chain, roots }) => ({
      ca_cert: roots.map((one) => show(one, clock)),
      cert_chain: chain.map((one) => show(one, clock)),
    }));
    return json({ certificates });
  },
};

/** Days until the first of them expires, rounded down; undefined when there is none. */
export function daysUntilFirstExpiry(shown: readonly ShownCertificates[], clock: Clock): number | undefined {
  const days = shown.flatMap(({ chain, roots }) => [...chain, ...roots]).map((one) => daysLeft(one, clock));
  return days.length === 0 ? undefined : Math.min(...days);
}

function show(shown: ShownCertificate, clock: Clock): unknown {
  const { path, certificate } = shown;
  return {
    path,
    serial_number: certificate.serialNumber.toLowerCase(),
    subject_alt_names: subjectNamesOf(certificate).map(({ type, value }) => ({ [nameFields[type] ?? 'other']: value })),
    days_until_expiration: String(daysLeft(shown, clock)),
    valid_from: certificate.validFromDate.toISOString(),
    expiration_time: certificate.validToDate.toISOString(),
  };
}

/** As Envoy's admin API calls kinds of names. */
const nameFields: Readonly<Record<string, string>> = { DNS: 'dns', URI: 'uri', IP_ADDRESS: 'ip_address', EMAIL: 'email' };

const dayMs = 86_400_000;

function daysLeft({ certificate }: ShownCertificate, clock: Clock): number {
  return Math.max(0, Math.floor((certificate.validToDate.getTime() - clock.wallTime()) / dayMs));
}
