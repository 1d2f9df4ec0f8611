/**
 * `Forwarded` (RFC 7239) for programs that read it, made of what the proxies in front have said in `X-Forwarded-*`.
 * Knative's shim: https://github.com/knative/serving/blob/main/pkg/queue/forwarded_shim.go
 */
import { Known, type RequestHead } from '@sluice/http';

/** Leaves one that is there; writes none where nothing is known. What it is made of stays. */
export function writeForwarded(head: RequestHead): void {
  if (head.has('forwarded')) return;
  const forwardedFor = (head.known & Known.forwardedFor) === 0 ? undefined : head.get('x-forwarded-for');
  const proto = (head.known & Known.forwardedProto) === 0 ? undefined : head.get('x-forwarded-proto');
  const host = head.get('x-forwarded-host');
  if (!forwardedFor && !proto && !host) return;
  head.set('forwarded', forwardedOf(forwardedFor ?? '', host ?? '', proto ?? ''));
}

/** All that is known of the first hop; of the others their address. */
function forwardedOf(forwardedFor: string, host: string, proto: string): string {
  const first: string[] = [];
  const hops = forwardedFor === '' ? [] : forwardedFor.split(',').map((hop) => `for=${nodeOf(hop.trim())}`);
  if (hops[0] !== undefined) first.push(hops[0]);
  if (host !== '') first.push(`host=${host}`);
  if (proto !== '') first.push(`proto=${proto}`);
  return [first.join(';'), ...hops.slice(1)].join(', ');
}

/** An address of IPv6 stands in brackets, and brackets in quotes. */
function nodeOf(address: string): string {
  return address.includes(':') ? `"[${address.replace(/^\[|\]$/g, '')}]"` : address;
}
