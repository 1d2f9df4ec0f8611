/** Makes the router's filter. Its configuration is read by resources, which knows the router in every catalog. */
import { decodeDocument, readRouterFilter, routerFilterTypeName } from '@sluice/resources';
import { defineFilter, type FilterFactory } from '../filter.ts';
import { RouterFilter, type RouterSettings } from './router-filter.ts';

export const routerFactory: FilterFactory = defineFilter<RouterSettings>({
  name: 'envoy.filters.http.router',
  typeUrl: `type.googleapis.com/${routerFilterTypeName}`,
  isTerminal: true,
  decode(value, path) {
    return decodeDocument(value, path, undefined, readRouterFilter);
  },
  create: (settings) => new RouterFilter(settings),
});
