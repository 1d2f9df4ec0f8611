/** The objects of serving with everything filled in that they leave open. */
import type { Configuration } from '../api/configuration.ts';
import type { Revision, RevisionTemplate } from '../api/revision.ts';
import type { Route } from '../api/route.ts';
import type { Service } from '../api/service.ts';
import type { DefaultsConfig } from '../config/defaults-config.ts';
import { defaultRevisionSpec } from './default-revision-spec.ts';
import { defaultTraffic } from './default-traffic.ts';

export function defaultService(service: Service, config: DefaultsConfig): Service {
  return {
    ...service,
    spec: {
      ...service.spec,
      template: defaultTemplate(service.spec.template, config),
      traffic: defaultTraffic(service.spec.traffic),
    },
  };
}

export function defaultConfiguration(configuration: Configuration, config: DefaultsConfig): Configuration {
  return {
    ...configuration,
    spec: { ...configuration.spec, template: defaultTemplate(configuration.spec.template, config) },
  };
}

export function defaultRevision(revision: Revision, config: DefaultsConfig): Revision {
  return { ...revision, spec: defaultRevisionSpec(revision.spec, config) };
}

/** A Route of its own must say what it follows; only details are filled in. */
export function defaultRoute(route: Route): Route {
  const { traffic } = route.spec;
  return traffic === undefined || traffic.length === 0
    ? route
    : { ...route, spec: { ...route.spec, traffic: defaultTraffic(traffic) } };
}

function defaultTemplate(template: RevisionTemplate | undefined, config: DefaultsConfig): RevisionTemplate {
  return { ...template, spec: defaultRevisionSpec(template?.spec ?? {}, config) };
}
