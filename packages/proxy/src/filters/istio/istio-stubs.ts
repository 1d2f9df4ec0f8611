/**
 * Filters that servers in Istio's manner put into every chain. What they do in Envoy (numbers for Istio's dashboards,
 * facts about peers, names in ALPN) is not done here; a chain with them is accepted, and says so.
 */
import type { Checked } from '@sluice/kernel';
import { decodeDocument, type DecodeOptions } from '@sluice/resources';
import { defineFilter, type FilterFactory } from '../filter.ts';

interface Stub {
  readonly name: string;
  readonly typeName: string;
  readonly lacks: string;
}

const stubs: readonly Stub[] = [
  { name: 'istio.metadata_exchange', typeName: 'io.istio.http.peer_metadata.Config', lacks: 'peers are not told apart' },
  { name: 'istio.stats', typeName: 'stats.PluginConfig', lacks: 'Istio’s statistics are not kept' },
  { name: 'istio.alpn', typeName: 'istio.envoy.config.filter.http.alpn.v2alpha1.FilterConfig', lacks: 'connections to hosts offer the protocols that their cluster says' },
];

export const istioStubFactories: readonly FilterFactory[] = stubs.map(({ name, typeName, lacks }) =>
  defineFilter<object>({
    name,
    typeUrl: `type.googleapis.com/${typeName}`,
    decode: (value, path, options) => decodeStub(value, path, options, lacks),
    create: (_config, { filterName }) => ({ name: filterName }),
  }),
);

function decodeStub(value: unknown, path: string, options: DecodeOptions | undefined, lacks: string): Checked<object> {
  return decodeDocument(value, path, options, (_json, scope) => {
    scope.warn(`has no effect here: ${lacks}`);
    return {};
  });
}
