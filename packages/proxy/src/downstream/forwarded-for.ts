/** `x-forwarded-for`: each proxy adds whom it has the request from. */
import { Known, type RequestHead } from '@sluice/http';
import type { Address } from '@sluice/kernel';

/** Adds `peer` behind those that are named already. */
export function appendForwardedFor(head: RequestHead, peer: Address): void {
  // A peer on a Unix socket has no address to be named by.
  if (peer.path !== undefined) return;
  const host = plainHost(peer.host);
  if ((head.known & Known.forwardedFor) === 0) return head.addChecked('x-forwarded-for', host, Known.forwardedFor);
  const forwarded = head.get('x-forwarded-for') ?? '';
  head.removeKnown(Known.forwardedFor);
  head.addChecked('x-forwarded-for', `${forwarded},${host}`, Known.forwardedFor);
}

/** IPv4 clients of a socket that also speaks IPv6. */
export function plainHost(host: string): string {
  return host.startsWith('::ffff:') ? host.slice(7) : host;
}
