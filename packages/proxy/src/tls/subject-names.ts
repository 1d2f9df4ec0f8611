/** The names in a certificate, and whether one of them is meant by another. */
import type { X509Certificate } from 'node:crypto';
import type { SanType } from '@sluice/resources';

export interface SubjectName {
  readonly type: SanType | 'other';
  readonly value: string;
}

const types: Readonly<Record<string, SanType>> = { DNS: 'DNS', URI: 'URI', email: 'EMAIL', 'IP Address': 'IP_ADDRESS' };

/**
 * Out of `DNS:a, URI:"a, b"`: Node quotes, as JSON, each value that could be taken for more than one
 * (https://nodejs.org/api/crypto.html#x509subjectaltname).
 */
export function subjectNamesOf({ subjectAltName = '' }: X509Certificate): readonly SubjectName[] {
  const names: SubjectName[] = [];
  for (const [, label = '', quoted, bare = ''] of subjectAltName.matchAll(/([^:,]+):(?:("(?:[^"\\]|\\.)*")|([^,]*))(?:, |$)/g)) {
    const value = quoted === undefined ? bare : unquote(quoted);
    if (value !== undefined) names.push({ type: types[label] ?? 'other', value });
  }
  return names;
}

function unquote(quoted: string): string | undefined {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return undefined;
  }
}

/** Whether a DNS name in a certificate, perhaps with a wildcard for its first label, is for `name` (RFC 6125 6.4). */
export function isDnsNameFor(pattern: string, name: string): boolean {
  const wanted = name.toLowerCase();
  const offered = pattern.toLowerCase();
  if (!offered.startsWith('*.')) return offered === wanted;
  const rest = offered.slice(1);
  const label = wanted.slice(0, wanted.length - rest.length);
  return rest.indexOf('.', 1) !== -1 && wanted.endsWith(rest) && label !== '' && !label.includes('.');
}

/** Of a subject in Node's form, an attribute to a line, in the form of RFC 2253: `CN=a,OU=b,O=c`. */
export function formatSubject(lines: string): string {
  return lines.split('\n').filter((line) => line !== '').toReversed().join(',');
}

export function commonNameOf({ subject }: X509Certificate): string | undefined {
  return subject?.split('\n').find((line) => line.startsWith('CN='))?.slice(3);
}
