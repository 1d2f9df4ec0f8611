/** The objects of serving with everything filled in that they leave open. */
import type { Configuration } from '../api/configuration.ts';
import type { Revision, RevisionTemplate } from '../api/revision.ts';
import type { Route } from '../api/route.ts';
import type { Service } from '../api/service.ts';
import type { ObjectMeta } from '../api/object.ts';
import { defaultRevisionSpec, type DefaultingConfig } from './default-revision-spec.ts';
import { defaultTraffic } from './default-traffic.ts';

/** @param isUpdate of one that is there: what links to other Services its pods get is decided when it is made */
export function defaultService(service: Service, config: DefaultingConfig, isUpdate = false): Service {
  return {
    ...service,
    spec: {
      ...service.spec,
      template: defaultTemplate(service.spec.template, config, service.metadata, isUpdate),
      traffic: defaultTraffic(service.spec.traffic),
    },
  };
}

/** @param isUpdate as of `defaultService` */
export function defaultConfiguration(configuration: Configuration, config: DefaultingConfig, isUpdate = false): Configuration {
  const { metadata, spec } = configuration;
  return { ...configuration, spec: { ...spec, template: defaultTemplate(spec.template, config, metadata, isUpdate) } };
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

function defaultTemplate(template: RevisionTemplate | undefined, config: DefaultingConfig, parent: ObjectMeta, isUpdate: boolean): RevisionTemplate {
  const given = template?.spec ?? {};
  const { enableServiceLinks, ...spec } = defaultRevisionSpec(given, config, parent);
  const isDecided = given.enableServiceLinks === undefined && isUpdate;
  return { ...template, spec: isDecided || enableServiceLinks === undefined ? spec : { ...spec, enableServiceLinks } };
}
