/** Asks registries over the network. */
import type { RegistryFetch } from './digest-resolver.ts';

export const systemFetch: RegistryFetch = async (url, { method, headers, signal }) => {
  const response = await fetch(url, { method, headers: { ...headers }, signal });
  return {
    status: response.status,
    header: (name) => response.headers.get(name) ?? undefined,
    body: async () => new Uint8Array(await response.arrayBuffer()),
  };
};
