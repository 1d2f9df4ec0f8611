/** Keys for session tickets: 16 bytes each of name, authentication and encryption, as Node wants them. */
import { Buffer } from 'node:buffer';
import { hkdfSync, randomBytes } from 'node:crypto';

const keyBytes = 48;

/** A key that nobody else has. */
export function createOwnTicketKey(): Buffer {
  return randomBytes(keyBytes);
}

/** A key that everybody derives alike from the same secret of 80 bytes or more. */
export function createTicketKey(secret: Uint8Array): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', 'sluice session tickets', keyBytes));
}
