/**
 * The TLS that a Route is served with, as its status tells those who serve it. It stands among the annotations of the status,
 * as a rollout does: there is no Ingress of a Route to put it on.
 */
import type { IngressTls } from '../api/ingress.ts';

/** In `status.annotations`. */
export const tlsAnnotation = 'networking.sluice.dev/tls';

export function formatTls(tls: readonly IngressTls[]): string {
  return JSON.stringify(tls);
}

/** Nothing where there is none, or none that can be read. */
export function parseTls(annotations: Readonly<Record<string, string>> | undefined): readonly IngressTls[] {
  const text = annotations?.[tlsAnnotation];
  if (text === undefined) return [];
  try {
    const entries: unknown = JSON.parse(text);
    return Array.isArray(entries) ? entries.filter(isTls) : [];
  } catch {
    return [];
  }
}

function isTls(value: unknown): value is IngressTls {
  if (typeof value !== 'object' || value === null) return false;
  const { hosts, secretName, secretNamespace } = value as IngressTls;
  return Array.isArray(hosts) && hosts.every((host) => typeof host === 'string') && typeof secretName === 'string' && typeof secretNamespace === 'string';
}
