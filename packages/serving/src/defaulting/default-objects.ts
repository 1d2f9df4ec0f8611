/** The objects of serving with everything filled in that they leave open. */
import type { Configuration } from '../api/configuration.ts';
import type { Revision, RevisionTemplate } from '../api/revision.ts';
import type { Route } from '../api/route.ts';
import type { Service } from '../api/service.ts';
import type { ObjectMeta } from '../api/object.ts';
import { defaultRevisionSpec, type DefaultingConfig } from './default-revision-spec.ts';
import { defaultTraffic } from './default-traffic.ts';

export function defaultService(service: Service, config: DefaultingConfig): Service {
  return {
    ...service,
    spec: {
      ...service.spec,
      template: defaultTemplate(service.spec.template, config, service.metadata),
      traffic: defaultTraffic(service.spec.traffic),
    },
  };
}

export function defaultConfiguration(configuration: Configuration, config: DefaultingConfig): Configuration {
  return {
    ...configuration,
    spec: { ...configuration.spec, template: defaultTemplate(configuration.spec.template, config, configuration.metadata) },
  };
}

export function defaultRevision(revision: Revision, config: DefaultingConfig): Revision {
  return { ...revision, spec: defaultRevisionSpec(revision.spec, config, revision.metadata) };
}

/** A Route of its own must say what it follows; only details are filled in. */
export function defaultRoute(route: Route): Route {
  const { traffic } = route.spec;
  return traffic === undefined || traffic.length === 0
    ? route
    : { ...route, spec: { ...route.spec, traffic: defaultTraffic(traffic) } };
}

function defaultTemplate(template: RevisionTemplate | undefined, config: DefaultingConfig, parent: ObjectMeta): RevisionTemplate {
  return { ...template, spec: defaultRevisionSpec(template?.spec ?? {}, config, parent) };
}
