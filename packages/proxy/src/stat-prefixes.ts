/** Under which names the connection managers and TCP proxies of a configuration count. */
import type { ProxyConfig } from './proxy-config.ts';

export interface StatPrefixes {
  readonly http: ReadonlySet<string>;
  readonly tcp: ReadonlySet<string>;
}

export function statPrefixesOf({ listeners }: ProxyConfig): StatPrefixes {
  const [http, tcp] = [new Set<string>(), new Set<string>()];
  for (const { filterChains } of listeners.values()) {
    for (const { manager, server } of filterChains) {
      if (manager) http.add(manager.statPrefix);
      if (server?.kind === 'tcp-proxy') tcp.add(server.statPrefix);
    }
  }
  return { http, tcp };
}
