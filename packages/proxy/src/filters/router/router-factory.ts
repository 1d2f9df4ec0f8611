/** Makes the router's filter. Its configuration is read by resources, which knows the router in every catalog. */
import { problem } from '@sluice/kernel';
import { routerFilterTypeName } from '@sluice/resources';
import { defineFilter, type FilterFactory } from '../filter.ts';
import { RouterFilter, type RouterSettings } from './router-filter.ts';

export const routerFactory: FilterFactory = defineFilter<RouterSettings>({
  name: 'envoy.filters.http.router',
  typeUrl: `type.googleapis.com/${routerFilterTypeName}`,
  isTerminal: true,
  decode(value, path) {
    const suppress = (value as { readonly suppress_envoy_headers?: unknown } | null)?.suppress_envoy_headers ?? false;
    if (typeof suppress === 'boolean') return { ok: true, value: { suppressEnvoyHeaders: suppress }, problems: [] };
    return { ok: false, problems: [problem(`${path}.suppress_envoy_headers`, `is ${JSON.stringify(suppress)}, must be true or false`)] };
  },
  create: (settings) => new RouterFilter(settings),
});
