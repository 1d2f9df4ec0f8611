/** Route configurations: the tables that listeners ask for. */
import { typeUrls } from '@sluice/resources';

import { activatorClusterHeader, internalHeaders, routeConfigurationNames } from './names.ts';
import type { JsonObject, TranslatedResource } from './resource.ts';

/**
 * For clients that are programs of users, outside or inside of the cluster: the mesh's own headers are not theirs to set.
 * Its hosts come one by one, so that a change of one among thousands is told by itself.
 * @param ignoresPorts where hosts with a star are among them: those cannot say that a port may follow
 */
export function edgeRoutes(name: string, ignoresPorts = false): TranslatedResource {
  return routeConfiguration(name, {
    ...(ignoresPorts ? { ignore_port_in_host_matching: true } : {}),
    // Ten seconds, as for the table itself: a listener whose hosts do not come opens and answers 404.
    vhds: { config_source: { ads: {}, initial_fetch_timeout: '10s', resource_api_version: 'V3' } },
    request_headers_to_remove: [...internalHeaders],
    // The table takes from the client what a route then may say itself.
    most_specific_header_mutations_wins: true,
  });
}

/**
 * An activator is told by headers which revision a request is for; the host is the user's business. Its filter says which
 * cluster that is. So the table is the same whatever revisions there are.
 */
export function activatorRoutes(): TranslatedResource {
  return routeConfiguration(routeConfigurationNames.activator, {
    virtual_hosts: [
      {
        name: 'activator',
        domains: ['*'],
        routes: [
          {
            match: { prefix: '/' },
            route: { cluster_header: activatorClusterHeader, timeout: '0s' },
            request_headers_to_remove: [activatorClusterHeader],
          },
        ],
      },
    ],
  });
}

function routeConfiguration(name: string, value: JsonObject): TranslatedResource {
  return { typeUrl: typeUrls.routeConfiguration, name, value: { name, ...value } };
}
