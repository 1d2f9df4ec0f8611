/** Objects → ServingModel. Always the whole, always from scratch: the order in which objects came cannot matter. */
import { problem } from '@sluice/kernel';
import type { ObjectProblem, ServingModel } from '../serving-model.ts';
import type { HostConfig } from '../traffic/hosts.ts';
import { buildRevision } from './build-revision.ts';
import { buildRoutes } from './build-routes.ts';
import { endpointsOf, slicesByService } from './endpoints.ts';
import { readableObjects } from './readable-objects.ts';
import type { ServingObjects } from './serving-objects.ts';

export interface BuildOptions {
  readonly config: HostConfig;
  /** The Service whose endpoints are the activators. Default `sluice-system/activator-service`. */
  readonly activatorService?: string;
}

export function build(objects: ServingObjects, options: BuildOptions): ServingModel {
  const problems: ObjectProblem[] = [];
  const slices = slicesByService(readableObjects(objects, 'endpointSlices', problems));
  const serverlessServices = byKey(readableObjects(objects, 'serverlessServices', problems));
  const podAutoscalers = byKey(readableObjects(objects, 'podAutoscalers', problems));
  const activatorSlices = slices.get(options.activatorService ?? 'sluice-system/activator-service') ?? [];
  const activators = endpointsOf(activatorSlices, ['http', 'http1']);
  // An activator takes HTTP/2 without TLS on its HTTP/1.1 port too, for Services that name no other.
  const h2cActivators = endpointsOf(activatorSlices, ['http2', 'h2c', 'http']);
  const revisions = sortedByKey(readableObjects(objects, 'revisions', problems))
    .filter(isStaying)
    .map((revision) =>
      buildRevision({
        revision,
        sks: serverlessServices.get(keyOf(revision)),
        podAutoscaler: podAutoscalers.get(keyOf(revision)),
        slices,
        activators,
        h2cActivators,
      }),
    );
  const routes = buildRoutes({
    routes: sortedByKey(readableObjects(objects, 'routes', problems)).filter(isStaying),
    revisions: new Set(revisions.map(({ key }) => key)),
    config: options.config,
    complain: (route, path, message) => {
      const { namespace = '', name } = route.metadata;
      problems.push({ kind: 'Route', namespace, name, problem: problem(path, message) });
    },
  });
  return { revisions, routes, activators, problems };
}

/** `namespace/name`. */
export function keyOf(object: { readonly metadata: { readonly namespace?: string; readonly name: string } }): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}

function byKey<T extends { readonly metadata: { readonly namespace?: string; readonly name: string } }>(
  objects: readonly T[],
): Map<string, T> {
  return new Map(objects.map((object) => [keyOf(object), object]));
}

function sortedByKey<T extends { readonly metadata: { readonly namespace?: string; readonly name: string } }>(
  objects: readonly T[],
): T[] {
  return objects.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

function isStaying(object: { readonly metadata: { readonly deletionTimestamp?: string } }): boolean {
  return object.metadata.deletionTimestamp === undefined;
}
