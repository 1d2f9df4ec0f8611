/**
 * Versions by content. The same resources have the same version on every replica and after every restart,
 * so a proxy that reconnects with what it has is not sent it again.
 */
import { createHash } from 'node:crypto';

/** How many hex digits of the SHA-256 are kept: 64 bits, so that a clash among millions of versions is not to be expected. */
const versionDigits = 16;

/** The version of one resource: of its bytes, which the codec writes the same way for equal values. */
export function versionOfBytes(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, versionDigits);
}

/** The version of many: of their names and versions, in whatever order they come. */
export function versionOfSet(resources: Iterable<{ readonly name: string; readonly version: string }>): string {
  const lines = [...resources].map(({ name, version }) => `${name}\u0000${version}\n`).sort();
  const hash = createHash('sha256');
  for (const line of lines) hash.update(line);
  return hash.digest('hex').slice(0, versionDigits);
}
