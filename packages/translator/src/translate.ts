/**
 * From the serving model to what each group of proxies is told. A pure function: the same model gives the same
 * resources, byte for byte.
 */
import type { ServingModel, ServingRevision } from '@sluice/serving';

import { cluster } from './clusters.ts';
import { activatorEndpoints, gatewayEndpoints } from './endpoints.ts';
import { activatorListeners, gatewayListeners } from './listeners.ts';
import { nodeGroups, type NodeGroup } from './names.ts';
import type { TranslateOptions } from './options.ts';
import { proxylessEndpoints, proxylessResources } from './proxyless.ts';
import { byKey, type TranslatedResource } from './resource.ts';
import { activatorRoutes, gatewayRoutes } from './routes.ts';

export type TranslatedGroups = Readonly<Record<NodeGroup, readonly TranslatedResource[]>>;

/** All resources of all groups. */
export function translate(model: ServingModel, options: TranslateOptions): TranslatedGroups {
  const endpoints = translateEndpoints(model);
  return {
    [nodeGroups.gateway]: [
      ...gatewayListeners(options),
      ...gatewayRoutes(model),
      // Requests differ in length, so the least busy endpoint is the better choice of two.
      ...routedRevisions(model).map((revision) => cluster(revision, 'LEAST_REQUEST')),
      ...endpoints[nodeGroups.gateway],
    ],
    [nodeGroups.activator]: [
      ...activatorListeners(options),
      ...activatorRoutes(model),
      // The activator's filter chooses the pod itself; this is what stands where it does not.
      ...model.revisions.toSorted(byKey).map((revision) => cluster(revision, 'ROUND_ROBIN')),
      ...endpoints[nodeGroups.activator],
    ],
    [nodeGroups.proxyless]: [...proxylessResources(model), ...endpoints[nodeGroups.proxyless]],
  };
}

/** The endpoints alone, of all groups: a change of pods need not wait for the rest. */
export function translateEndpoints(model: ServingModel): TranslatedGroups {
  return {
    [nodeGroups.gateway]: routedRevisions(model).map(gatewayEndpoints),
    [nodeGroups.activator]: model.revisions.toSorted(byKey).map(activatorEndpoints),
    [nodeGroups.proxyless]: proxylessEndpoints(model),
  };
}

/** A gateway needs only what some route leads to. */
function routedRevisions(model: ServingModel): readonly ServingRevision[] {
  const routed = new Set(model.routes.flatMap(({ splits }) => splits.map(({ revision }) => revision)));
  return model.revisions.filter(({ key }) => routed.has(key)).sort(byKey);
}
