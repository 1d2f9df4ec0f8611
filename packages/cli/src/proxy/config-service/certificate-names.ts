/** The names that a certificate bears beside its subject, and whether one will do. */
import type { X509Certificate } from 'node:crypto';
import { MeshError } from '@sluice/kernel';
import type { SanMatcher } from '@sluice/resources';

export interface CertificateName {
  readonly type: string;
  readonly value: string;
}

const types: Readonly<Record<string, string>> = { DNS: 'DNS', URI: 'URI', email: 'EMAIL', 'IP Address': 'IP_ADDRESS' };

/** Names with commas and quotes are quoted by Node; such a name matches nothing. */
export function namesOfCertificate({ subjectAltName = '' }: X509Certificate): readonly CertificateName[] {
  if (subjectAltName.includes('"')) return [];
  return subjectAltName.split(', ').flatMap((entry) => {
    const end = entry.indexOf(':');
    const type = types[entry.slice(0, end)];
    return type === undefined ? [] : [{ type, value: entry.slice(end + 1) }];
  });
}

/** @throws MeshError for regular expressions, which a config service's name has not needed so far */
export function nameTest({ type, matcher }: SanMatcher): (name: CertificateName) => boolean {
  const { kind, ignoreCase } = matcher;
  const fold = (text: string) => (ignoreCase || type === 'DNS' ? text.toLowerCase() : text);
  const wanted = fold(matcher.value);
  const compare: Readonly<Record<typeof kind, (value: string) => boolean>> = {
    exact: (value) => value === wanted,
    prefix: (value) => value.startsWith(wanted),
    suffix: (value) => value.endsWith(wanted),
    contains: (value) => value.includes(wanted),
    safe_regex() {
      throw new MeshError('config-service', 'config service: names of its certificate cannot be matched by regular expressions');
    },
  };
  return (name) => (type === undefined || type === name.type) && compare[kind](fold(name.value));
}
