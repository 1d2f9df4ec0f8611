/** The name to ask for in TLS out of an authority: without a port, and none for an address (RFC 6066 3). */
import { isIpLiteral } from '@sluice/kernel';

export function serverNameOf(authority: string): string {
  const name = authority.replace(/:\d*$/, '').toLowerCase();
  return isIpLiteral(name) || !/^[\w.-]{1,255}$/.test(name) ? '' : name;
}
