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
  // Made of values that came in fields, so it can be one.
  head.addChecked('forwarded', forwardedOf(forwardedFor ?? '', host ?? '', proto ?? ''), 0);
}

/** All that is known of the first hop; of the others their address. */
function forwardedOf(forwardedFor: string, host: string, proto: string): string {
  let hopEnd = endOfHop(forwardedFor, 0);
  let line = forwardedFor === '' ? '' : `for=${nodeOf(forwardedFor.slice(0, hopEnd).trim())}`;
  if (host !== '') line = joined(line, `host=${host}`);
  if (proto !== '') line = joined(line, `proto=${proto}`);
  while (hopEnd < forwardedFor.length) {
    const start = hopEnd + 1;
    hopEnd = endOfHop(forwardedFor, start);
    line += `, for=${nodeOf(forwardedFor.slice(start, hopEnd).trim())}`;
  }
  return line;
}

function endOfHop(forwardedFor: string, start: number): number {
  const comma = forwardedFor.indexOf(',', start);
  return comma < 0 ? forwardedFor.length : comma;
}

function joined(line: string, part: string): string {
  return line === '' ? part : `${line};${part}`;
}

/** An address of IPv6 stands in brackets, and brackets in quotes. */
function nodeOf(address: string): string {
  return address.includes(':') ? `"[${address.replace(/^\[|\]$/g, '')}]"` : address;
}
