/**
 * What controllers would make of objects, all of it ready: so that a Service on paper can be looked at as traffic. Objects
 * of the mesh's own making (Revisions, EndpointSlices, …) may be given as well, and count as they are.
 */
import type { Problem } from '@sluice/kernel';
import type { Configuration } from '../api/configuration.ts';
import type { ServingObject } from '../api/object.ts';
import type { Revision } from '../api/revision.ts';
import type { Route } from '../api/route.ts';
import type { Service } from '../api/service.ts';
import { defaultServingConfig, isServingConfigMap, updateServingConfig, type ServingConfig } from '../config/serving-config.ts';
import { defaultConfiguration, defaultRoute, defaultService } from '../defaulting/default-objects.ts';
import { makeConfiguration } from '../resources/make-configuration.ts';
import { makeRevision } from '../resources/make-revision.ts';
import { makeRoute } from '../resources/make-route.ts';
import { readRouteTraffic } from '../status/route-status.ts';
import { resolveTraffic } from '../traffic/resolve-traffic.ts';
import type { CheckScaling } from '../validation/annotations.ts';
import { validateConfiguration, validateRoute, validateService } from '../validation/validate.ts';
import { oddityOf } from './readable-objects.ts';
import type { ServingObjects } from './serving-objects.ts';

export interface Preview {
  readonly objects: ServingObjects;
  readonly config: ServingConfig;
  /** Each with the index of the object that it is about. */
  readonly problems: readonly { readonly index: number; readonly problem: Problem }[];
  /** Indexes of objects that have no part in traffic. */
  readonly ignored: readonly number[];
}

/** The lists that objects of the mesh's own making stand in. */
const lists: Readonly<Record<string, keyof ServingObjects>> = {
  Revision: 'revisions',
  PodAutoscaler: 'podAutoscalers',
  ServerlessService: 'serverlessServices',
  EndpointSlice: 'endpointSlices',
  Ingress: 'ingresses',
  Secret: 'secrets',
};

/** @param given in any order */
export function previewObjects(given: readonly ServingObject[], checkScaling: CheckScaling): Preview {
  const preview = new PreviewBuilder(checkScaling);
  given.forEach((object, index) => {
    if (object.kind === 'ConfigMap') preview.readConfig(index, object);
  });
  given.forEach((object, index) => preview.add(index, object));
  return preview.finish();
}

class PreviewBuilder {
  readonly #checkScaling: CheckScaling;
  readonly #problems: { readonly index: number; readonly problem: Problem }[] = [];
  readonly #ignored: number[] = [];
  readonly #given = new Map<keyof ServingObjects, ServingObject[]>();
  readonly #configurations = new Map<string, Configuration>();
  readonly #revisions = new Map<string, Revision>();
  readonly #routes: { readonly index: number; readonly route: Route }[] = [];
  #config = defaultServingConfig;

  constructor(checkScaling: CheckScaling) {
    this.#checkScaling = checkScaling;
  }

  readConfig(index: number, object: ServingObject): void {
    const { data = {} } = object as { readonly data?: Readonly<Record<string, string>> };
    const { config, problems } = updateServingConfig(this.#config, object.metadata.name, data);
    this.#config = config;
    this.#complain(index, problems);
  }

  add(index: number, object: ServingObject): void {
    const isServing = object.apiVersion.startsWith('serving.knative.dev/');
    const namespaced = { ...object, metadata: { ...object.metadata, namespace: object.metadata.namespace ?? 'default' } };
    if (isServing && object.kind === 'Service') return this.#addService(index, namespaced as Service);
    if (isServing && object.kind === 'Configuration') return this.#addConfiguration(index, namespaced as Configuration);
    if (isServing && object.kind === 'Route') {
      this.#routes.push({ index, route: namespaced as Route });
      return;
    }
    const list = lists[object.kind];
    if (list === undefined) {
      if (object.kind !== 'ConfigMap' || !isServingConfigMap(object.metadata.name)) this.#ignored.push(index);
      return;
    }
    const oddity = oddityOf(list, namespaced);
    if (oddity) this.#complain(index, [oddity.problem]);
    else if (list === 'revisions') this.#revisions.set(keyOf(namespaced), asReady(namespaced as Revision));
    else this.#given.set(list, [...(this.#given.get(list) ?? []), namespaced]);
  }

  finish(): Preview {
    const routes = this.#routes.map(({ index, route }) => this.#resolve(index, route));
    const given = Object.fromEntries(this.#given) as Partial<ServingObjects>;
    return {
      objects: {
        routes,
        revisions: [...this.#revisions.values()],
        podAutoscalers: [],
        serverlessServices: [],
        endpointSlices: [],
        ...given,
      },
      config: this.#config,
      problems: this.#problems,
      ignored: this.#ignored,
    };
  }

  #addService(index: number, given: Service): void {
    const service = { ...given, spec: given.spec ?? {} };
    const problems = validateService(defaultService(service, this.#config), { ...this.#config, checkScaling: this.#checkScaling });
    if (problems.length > 0) {
      this.#complain(index, problems);
      return;
    }
    const configuration = makeConfiguration(service);
    const named = (service.spec.traffic ?? []).flatMap(({ revisionName }) => revisionName ?? []);
    this.#putConfiguration(configuration, 1 + Math.max(0, ...named.map((name) => generationOf(name, configuration.metadata.name))));
    // Traffic may name revisions of before: they are taken to have been as the one on paper.
    const key = (name: string) => `${configuration.metadata.namespace ?? ''}/${name}`;
    for (const name of named) if (!this.#revisions.has(key(name))) this.#putRevision(configuration, name);
    const route = makeRoute(service);
    const { creationTimestamp } = service.metadata;
    const age = creationTimestamp === undefined ? {} : { creationTimestamp };
    this.#routes.push({ index, route: { ...route, metadata: { ...route.metadata, ...age } } });
  }

  #addConfiguration(index: number, given: Configuration): void {
    const problems = validateConfiguration(defaultConfiguration(given, this.#config), { ...this.#config, checkScaling: this.#checkScaling });
    if (problems.length > 0) this.#complain(index, problems);
    else this.#putConfiguration(given, 1);
  }

  #putConfiguration(given: Configuration, generation: number): void {
    const configuration = { ...given, metadata: { ...given.metadata, generation } };
    const { name } = this.#putRevision(configuration).metadata;
    this.#configurations.set(keyOf(configuration), { ...configuration, status: { latestReadyRevisionName: name } });
  }

  #putRevision(configuration: Configuration, name?: string): Revision {
    const made = makeRevision(configuration, this.#config);
    const revision = asReady(name === undefined ? made : { ...made, metadata: { ...made.metadata, name } });
    this.#revisions.set(keyOf(revision), revision);
    return revision;
  }

  /** A Route that says in its status what its traffic is, has it so. */
  #resolve(index: number, given: Route): Route {
    if ((given.status?.traffic ?? []).length > 0) return given;
    const route = defaultRoute(given);
    const { namespace = '' } = route.metadata;
    const invalid = validateRoute({ ...route, metadata: { ...route.metadata, labels: {} } });
    const traffic = resolveTraffic(route, {
      configuration: (name) => this.#configurations.get(`${namespace}/${name}`),
      revision: (name) => this.#revisions.get(`${namespace}/${name}`),
    });
    this.#complain(index, invalid);
    if (traffic.kind === 'failed' && invalid.length === 0) {
      this.#complain(index, [{ path: 'spec.traffic', message: traffic.failure.message, severity: 'error' }]);
    }
    return { ...route, status: { traffic: readRouteTraffic(route, traffic, this.#config) } };
  }

  #complain(index: number, problems: readonly Problem[]): void {
    for (const problem of problems) this.#problems.push({ index, problem });
  }
}

function asReady(revision: Revision): Revision {
  return { ...revision, status: { conditions: [{ type: 'Ready', status: 'True' }] } };
}

/** The generation in a generated name; 0 for another name. */
function generationOf(revision: string, configuration: string): number {
  const suffix = revision.startsWith(`${configuration}-`) ? revision.slice(configuration.length + 1) : '';
  return /^\d{5}$/.test(suffix) ? Number(suffix) : 0;
}

function keyOf({ metadata }: ServingObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}
