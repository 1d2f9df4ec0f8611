/** What a Service says of itself: what its Configuration and its Route say, once they speak of its present spec. */
import type { Configuration } from '../api/configuration.ts';
import type { Route } from '../api/route.ts';
import type { Service, ServiceStatus } from '../api/service.ts';
import {
  isFalse,
  isTrue,
  isUnknown,
  livingConditions,
  markOf,
  previousMarks,
  readiness,
  type Mark,
} from './condition-set.ts';

const dependents = ['ConfigurationsReady', 'RoutesReady'];

export interface ServiceFacts {
  readonly service: Service;
  /** Undefined until it is there; `not-owned` when something else has the name. */
  readonly configuration: Configuration | 'not-owned' | undefined;
  readonly route: Route | 'not-owned' | undefined;
  /** RFC 3339. */
  readonly now: string;
}

export function serviceStatus({ service, configuration, route, now }: ServiceFacts): ServiceStatus {
  const { latestCreatedRevisionName, latestReadyRevisionName } = statusOf(configuration) ?? {};
  const { url, address, traffic } = statusOf(route) ?? {};
  const marks = {
    ConfigurationsReady: configurationMark(service, configuration),
    RoutesReady: routeMark(service, configuration, route),
  };
  return {
    ...observed(service),
    conditions: livingConditions({ dependents, marks, previous: service.status?.conditions, now }),
    ...(latestCreatedRevisionName === undefined ? {} : { latestCreatedRevisionName }),
    ...(latestReadyRevisionName === undefined ? {} : { latestReadyRevisionName }),
    ...(url === undefined ? {} : { url }),
    ...(address === undefined ? {} : { address }),
    ...(traffic === undefined ? {} : { traffic }),
  };
}

/** The status of a Service whose spec was refused: what it ran before goes on, and the reasons are all told. */
export function invalidServiceStatus(service: Service, message: string, now: string): ServiceStatus {
  return {
    ...service.status,
    ...observed(service),
    conditions: livingConditions({
      dependents,
      marks: { ...previousMarks(service.status?.conditions), ConfigurationsReady: isFalse('InvalidSpec', message) },
      previous: service.status?.conditions,
      now,
    }),
  };
}

function configurationMark(service: Service, configuration: ServiceFacts['configuration']): Mark {
  if (configuration === undefined) return isUnknown();
  if (configuration === 'not-owned') return notOwned('Configuration', service.metadata.name);
  const { isCurrent, ready } = readiness(configuration);
  if (!isCurrent) return outOfDate('Configuration');
  return markOf(ready) ?? isUnknown();
}

function routeMark(service: Service, configuration: ServiceFacts['configuration'], route: ServiceFacts['route']): Mark {
  if (route === undefined) return isUnknown();
  if (route === 'not-owned') return notOwned('Route', service.metadata.name);
  const { isCurrent, ready } = readiness(route);
  if (!isCurrent) return outOfDate('Route');
  if (ready?.status !== 'True') return markOf(ready) ?? isUnknown();
  return isMigrated(statusOf(configuration)?.latestReadyRevisionName, route)
    ? isTrue
    : isUnknown('TrafficNotMigrated', 'Traffic is not yet migrated to the latest revision.');
}

/** The route has caught up when what follows the latest revision has reached the one that is ready. */
function isMigrated(latestReady: string | undefined, route: Route): boolean {
  return (route.status?.traffic ?? []).every((target) => !target.latestRevision || target.revisionName === latestReady);
}

function notOwned(kind: string, name: string): Mark {
  return isFalse('NotOwned', `There is an existing ${kind} "${name}" that we do not own.`);
}

function outOfDate(kind: string): Mark {
  return isUnknown('OutOfDate', `The ${kind} is still working to reflect the latest desired specification.`);
}

function statusOf<T extends { readonly status?: unknown }>(
  object: T | 'not-owned' | undefined,
): T['status'] | undefined {
  return typeof object === 'object' ? object.status : undefined;
}

function observed(service: Service): Pick<ServiceStatus, 'observedGeneration'> {
  return service.metadata.generation === undefined ? {} : { observedGeneration: service.metadata.generation };
}
