/** One form for the host of a request, before it is matched and as it goes on: without its port, without a last dot. */
import type { RequestHead } from '@sluice/http';
import type { StreamInfo } from '../stream-info.ts';

export interface HostSettings {
  /** Default `none`. */
  readonly stripPort?: 'none' | 'any' | 'matching';
  readonly stripTrailingDot?: boolean;
  /** For HTTP/1.0 without a Host; empty for none. */
  readonly defaultHost?: string;
}

export type HostCondition = (head: RequestHead, info: StreamInfo) => void;

/** Undefined where hosts stay as they are. */
export function createHostCondition({ stripPort = 'none', stripTrailingDot = false, defaultHost = '' }: HostSettings): HostCondition | undefined {
  if (stripPort === 'none' && !stripTrailingDot && defaultHost === '') return undefined;
  return (head, info) => {
    const before = head.authority;
    let host = before === '' && head.minorVersion === 0 ? defaultHost : before;
    if (stripTrailingDot) host = withoutDot(host);
    // A CONNECT without a port names nothing that could be connected to.
    if (stripPort !== 'none' && head.method !== 'CONNECT') host = withoutPort(host, stripPort === 'any' ? undefined : info.downstreamLocal.port);
    if (host !== before) head.setAuthority(host);
  };
}

/** An IPv6 address without brackets is no authority, so what follows the last colon is a port. */
function withoutPort(host: string, port: number | undefined): string {
  const found = /:(\d*)$/.exec(host);
  if (!found || (port !== undefined && Number(found[1]) !== port)) return host;
  return host.slice(0, found.index);
}

/** `a.example.:80` is `a.example:80`. */
function withoutDot(host: string): string {
  return host.replace(/\.(?=(?::\d*)?$)/, '');
}
