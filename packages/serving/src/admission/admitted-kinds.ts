/** What is filled in and what is checked when an object of each kind is written. */
import type { Problem } from '@sluice/kernel';
import type { Configuration } from '../api/configuration.ts';
import type { ClusterDomainClaim, DomainMapping } from '../api/domain-mapping.ts';
import type { Ingress } from '../api/ingress.ts';
import type { ServingObject } from '../api/object.ts';
import type { Revision, RevisionSpec, RevisionTemplate } from '../api/revision.ts';
import type { Route } from '../api/route.ts';
import type { Service } from '../api/service.ts';
import { defaultConfiguration, defaultRevision, defaultRoute, defaultService } from '../defaulting/default-objects.ts';
import { defaultTraffic } from '../defaulting/default-traffic.ts';
import { defaultDomainMapping } from '../domain-mapping/default-domain-mapping.ts';
import { validateDomainMapping } from '../domain-mapping/validate-domain-mapping.ts';
import { defaultIngress } from '../ingress/default-ingress.ts';
import { validateIngress } from '../ingress/validate-ingress.ts';
import type { Shape } from '../model/shape.ts';
import { missing, toProblems, within, type FieldProblem } from '../validation/field-problem.ts';
import { checkRevisionMetadata, validateConfiguration, validateRevision, validateRoute, validateService, type ValidationRules } from '../validation/validate.ts';
import type { AdmissionRules } from './admission-rules.ts';
import {
  clusterDomainClaimShape,
  configurationShape,
  domainMappingShape,
  ingressShape,
  revisionShape,
  routeShape,
  serviceShape,
} from './declared-shapes.ts';
import { insecureDefaults } from './insecure-defaults.ts';
import { diffRevisionSpec, diffTemplate } from './short-diff.ts';
import { checkUser, isOwned, withUser } from './user-annotations.ts';

export interface AdmissionFacts<T extends ServingObject> {
  readonly object: T;
  /** What is stored. Undefined of a new object, and of a stored one that nobody can read. */
  readonly old: T | undefined;
  readonly isUpdate: boolean;
  /** Who writes; empty when not known. */
  readonly user: string;
  readonly rules: AdmissionRules;
}

export interface AdmittedKind<T extends ServingObject = ServingObject> {
  readonly shape: Shape;
  fillIn(facts: AdmissionFacts<T>): T;
  /** @param facts with what `fillIn` has made of the object */
  check(facts: AdmissionFacts<T>): Problem[];
  warn?(object: T, rules: AdmissionRules): string[];
}

const service: AdmittedKind<Service> = {
  shape: serviceShape,
  fillIn({ object, old, isUpdate, user, rules }) {
    const given = withSpec(object);
    const filled = keepsItsName(given.spec.template, old?.spec?.template)
      ? { ...given, spec: { ...given.spec, traffic: defaultTraffic(given.spec.traffic) } }
      : defaultService(given, rules.config, isUpdate);
    return withUser(filled, old, user);
  },
  check: ({ object, old, rules }) => [
    ...validateService(defaultService(object, rules.config), validationRules(rules)),
    ...toProblems(old ? [...checkUser(object, old), ...checkTemplateChange(object.spec.template, old.spec?.template)] : []),
  ],
  warn: ({ spec }, rules) => warningsOf(spec.template, rules),
};

const configuration: AdmittedKind<Configuration> = {
  shape: configurationShape,
  fillIn({ object, old, isUpdate, user, rules }) {
    const given = withSpec(object);
    // What stands beneath a Service has its defaults from there; more of them would be taken out again by who keeps the two alike.
    if (isOwned(object)) return given;
    const filled = keepsItsName(given.spec.template, old?.spec?.template) ? given : defaultConfiguration(given, rules.config, isUpdate);
    return withUser(filled, old, user);
  },
  check: ({ object, old, rules }) => [
    ...validateConfiguration(defaultConfiguration(object, rules.config), validationRules(rules)),
    ...toProblems(
      old ? [...(isOwned(object) ? [] : checkUser(object, old)), ...checkTemplateChange(object.spec.template, old.spec?.template)] : [],
    ),
  ],
  warn: (object, rules) => (isOwned(object) ? [] : warningsOf(object.spec.template, rules)),
};

const revision: AdmittedKind<Revision> = {
  shape: revisionShape,
  // It never changes, not even for defaults that have.
  fillIn: ({ object, isUpdate, rules }) => (isUpdate ? object : defaultRevision(withSpec(object), rules.config)),
  check({ object, old, isUpdate, rules }) {
    if (!isUpdate) return validateRevision(object, validationRules(rules));
    const difference = old === undefined ? '' : diffRevisionSpec(old.spec, object.spec);
    return toProblems([
      ...checkRevisionMetadata(object.metadata, validationRules(rules)),
      ...(difference === '' ? [] : [{ message: 'Immutable fields changed (-old +new)', paths: ['spec'], details: difference }]),
    ]);
  },
};

const route: AdmittedKind<Route> = {
  shape: routeShape,
  fillIn({ object, old, user }) {
    const filled = defaultRoute(withSpec(object));
    return isOwned(object) ? filled : withUser(filled, old, user);
  },
  check: ({ object, old }) => [...validateRoute(object), ...toProblems(old && !isOwned(object) ? checkUser(object, old) : [])],
};

const domainMapping: AdmittedKind<DomainMapping> = {
  shape: domainMappingShape,
  fillIn: ({ object, old, user }) => withUser(defaultDomainMapping(withSpec(object)), old, user),
  check: ({ object, old, rules }) => [
    ...validateDomainMapping(object, rules.config.network.clusterDomain),
    ...toProblems(old ? checkUser(object, old) : []),
  ],
};

const ingress: AdmittedKind<Ingress> = {
  shape: ingressShape,
  fillIn: ({ object }) => defaultIngress(object),
  check: ({ object }) => validateIngress(object),
};

const clusterDomainClaim: AdmittedKind<ClusterDomainClaim> = {
  shape: clusterDomainClaimShape,
  fillIn: ({ object }) => object,
  check: ({ object }) => toProblems(object.spec?.namespace ? [] : within('spec', [missing('namespace')])),
};

const kinds: Readonly<Record<string, unknown>> = {
  'serving.knative.dev/Service': service,
  'serving.knative.dev/Configuration': configuration,
  'serving.knative.dev/Revision': revision,
  'serving.knative.dev/Route': route,
  'serving.knative.dev/DomainMapping': domainMapping,
  'networking.internal.knative.dev/Ingress': ingress,
  'networking.internal.knative.dev/ClusterDomainClaim': clusterDomainClaim,
};

/** Undefined where no rules of ours are known. Its shape is checked before anything else of it is called. */
export function admittedKindOf({ group, kind }: { readonly group: string; readonly kind: string }): AdmittedKind | undefined {
  const name = `${group}/${kind}`;
  return Object.hasOwn(kinds, name) ? (kinds[name] as AdmittedKind) : undefined;
}

function validationRules({ config, checkScaling }: AdmissionRules): ValidationRules {
  return { defaults: config.defaults, features: config.features, checkScaling };
}

/** A schema may let an object without any spec pass; the rules then say what it lacks. */
function withSpec<T extends ServingObject>(object: T): T {
  return { spec: {}, ...object };
}

/** Defaults that have changed meanwhile must not make a Revision that was named look like another one. */
function keepsItsName(template: RevisionTemplate | undefined, before: RevisionTemplate | undefined): boolean {
  const name = template?.metadata?.name;
  return !!name && name === before?.metadata?.name;
}

/** A name that people give to a Revision stands for what it was given to. */
function checkTemplateChange(template: RevisionTemplate | undefined, before: RevisionTemplate | undefined): FieldProblem[] {
  if (!keepsItsName(template, before)) return [];
  const details = diffTemplate(before, template);
  if (details === '') return [];
  return [{ message: 'Saw the following changes without a name change (-old +new)', paths: ['spec.template.metadata.name'], details }];
}

function warningsOf(template: RevisionTemplate | undefined, { config }: AdmissionRules): string[] {
  const spec: RevisionSpec = template?.spec ?? {};
  const byMessage = new Map<string, string[]>();
  for (const { message, paths, details } of within('spec.template.spec', insecureDefaults(spec, config.features))) {
    const text = details === undefined ? message : `${message}\n${details}`;
    byMessage.set(text, [...(byMessage.get(text) ?? []), ...paths]);
  }
  return [...byMessage].map(([text, paths]) => {
    const [first = '', ...details] = text.split('\n');
    return [`${first}: ${paths.sort().join(', ')}`, ...details].join('\n');
  });
}
