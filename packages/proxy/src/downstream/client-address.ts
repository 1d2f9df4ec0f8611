/** Who the client is, for those who decide by it: the peer, or whom trusted proxies before us vouch for. */
import type { RequestHead } from '@sluice/http';
import { parseIp } from '../ip-address.ts';
import type { ConnectionManagerConfig } from '../proxy-config.ts';

/**
 * An IP address. With `use_remote_address` what `request-conditions.ts` has found; without, the last address of
 * `x-forwarded-for` (as many further to the left as there are trusted hops), or the peer where there is none.
 */
export function clientHostOf(head: RequestHead, manager: Pick<ConnectionManagerConfig, 'useRemoteAddress' | 'trustedHops'>, peerHost: string): string {
  const found = manager.useRemoteAddress ? head.get('x-envoy-external-address') : lastForwarded(head, manager.trustedHops);
  return found !== undefined && parseIp(found) ? found : peerHost;
}

function lastForwarded(head: RequestHead, trustedHops: number): string | undefined {
  const forwarded = head.get('x-forwarded-for')?.split(',') ?? [];
  return forwarded[forwarded.length - 1 - trustedHops]?.trim();
}
