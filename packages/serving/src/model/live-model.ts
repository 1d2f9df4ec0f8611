/**
 * A serving model that follows objects as they change. Each change costs what hangs together with it; what comes out is the
 * same as if everything were built from scratch, whatever the order of arrival.
 *
 * An object that is no longer what its type says, or breaks a rule of its own, changes nothing: its last good state stays,
 * and it is named among the problems.
 */
import type { Ingress } from '../api/ingress.ts';
import type { PodAutoscaler } from '../api/pod-autoscaler.ts';
import type { Revision } from '../api/revision.ts';
import type { Route } from '../api/route.ts';
import type { ServerlessService } from '../api/serverless-service.ts';
import { ownIngressClass } from '../config/network-config.ts';
import { ingressClassOf } from '../ingress/ingress-class.ts';
import type { IngressConfig } from '../ingress/make-ingress.ts';
import { isSameContent } from '../names.ts';
import type { ObjectProblem, ServingBackend, ServingCertificate, ServingModel, ServingRevision, ServingRoute } from '../serving-model.ts';
import { buildCertificates, type BuiltCertificates, type SecretView } from './certificates.ts';
import type { EndpointSliceView } from './endpoints.ts';
import { LiveBackends, type BackendRef, type NoBackend, type ServiceView } from './live-backends.ts';
import { LiveRevisions } from './live-revisions.ts';
import { LiveRoutes, type OwnerState } from './live-routes.ts';
import { oddityOf } from './readable-objects.ts';
import type { ServingObjects } from './serving-objects.ts';
import { SliceIndex } from './slice-index.ts';

/** The Ingresses that are ours to serve say so with this class. */
export const ingressClass = ownIngressClass;

export interface BuildOptions {
  readonly config: IngressConfig;
  /** The Service whose endpoints are the activators. Default `sluice-system/activator-service`. */
  readonly activatorService?: string;
}

/** What is different from before. */
export interface ModelChange {
  readonly revisions: ReadonlySet<string>;
  readonly backends: ReadonlySet<string>;
  readonly routes: ReadonlySet<string>;
  readonly certificates: boolean;
  /** Keys of owners (`Route namespace/name`) about whom there may be something new to say. */
  readonly owners: ReadonlySet<string>;
}

/** A list of `ServingObjects`. */
export type ObjectList = keyof ServingObjects;

const noCertificates: BuiltCertificates = { certificates: [], problems: new Map() };

export class LiveModel {
  readonly #slices = new SliceIndex();
  readonly #backends = new LiveBackends(this.#slices);
  readonly #revisions: LiveRevisions;
  readonly #routes: LiveRoutes;
  readonly #secrets = new Map<string, SecretView>();
  readonly #oddities = new Map<string, ObjectProblem>();
  /** Keys of owners that have certificates. */
  readonly #secured = new Set<string>();
  #certificates = noCertificates;
  #areSecretsDirty = false;
  /** Revisions that `takeEndpoints` has brought up to date, and whose routes have not been looked at since. */
  readonly #takenEarly = new Set<string>();

  constructor({ config, activatorService = 'sluice-system/activator-service' }: BuildOptions) {
    this.#revisions = new LiveRevisions(activatorService, this.#slices, (service) => this.#backends.service(service)?.spec?.clusterIP ?? '', config.network);
    this.#routes = new LiveRoutes(config, {
      protocolOf: (key) => this.#revisions.get(key)?.protocol,
      backendOf: (ref) => {
        const found = this.#backends.find(ref);
        return typeof found === 'string' ? undefined : found.key;
      },
    });
  }

  /** Everything is looked at again. */
  configure(config: IngressConfig): void {
    this.#routes.configure(config);
    this.#revisions.setMesh(config.network);
  }

  /** @param object `undefined` when it has gone */
  set<List extends ObjectList>(list: List, key: string, object: NonNullable<ServingObjects[List]>[number] | undefined): void {
    const name = `${list} ${key}`;
    // What another ingress controller serves is that one's to judge.
    const isForeign = list === 'ingresses' && ours(object as Ingress | undefined) === undefined;
    const oddity = object === undefined || isForeign ? undefined : oddityOf(list, object);
    if (oddity) {
      this.#oddities.set(name, oddity);
      // Those who use it are to say so.
      if (list === 'secrets') this.#areSecretsDirty = true;
      return;
    }
    this.#oddities.delete(name);
    this.#put(list, key, object);
  }

  /** Brings the model up to date, and says what that changed. */
  take(): ModelChange {
    const revisions = this.#revisions.take();
    this.#routes.touchRevisions(revisions);
    this.#routes.touchRevisions(this.#takenEarly);
    this.#takenEarly.clear();
    const { backends, services } = this.#backends.take();
    this.#routes.touchRevisions(services);
    const { routes, owners } = this.#routes.take();
    const before = this.#certificates.problems;
    const certificates = this.#takeCertificates(owners);
    const { problems } = this.#certificates;
    const concerned = problems === before ? [] : [...before.keys(), ...problems.keys()].filter((key) => !isSameContent(before.get(key), problems.get(key)));
    return { revisions, backends, routes, owners: concerned.length === 0 ? owners : new Set([...owners, ...concerned]), certificates };
  }

  /**
   * As `take`, for endpoints alone: what has come or gone, and routes, wait for `take`, since more of what belongs
   * together may be on its way.
   */
  takeEndpoints(): ModelChange {
    const revisions = this.#revisions.takeEndpoints();
    for (const key of revisions) this.#takenEarly.add(key);
    return { revisions, backends: this.#backends.takeEndpoints(), routes: new Set(), owners: new Set(), certificates: false };
  }

  /** Whether revisions have come or gone that nobody has taken. */
  get isDirty(): boolean {
    return this.#revisions.isDirty || this.#backends.isDirty;
  }

  revision(key: string): ServingRevision | undefined {
    return this.#revisions.get(key);
  }

  backend(key: string): ServingBackend | undefined {
    return this.#backends.get(key);
  }

  /** A port of a Service, which is followed from now on; or why there is none. */
  findBackend(ref: BackendRef): ServingBackend | NoBackend {
    return this.#backends.find(ref);
  }

  /** @param key `namespace/name` */
  service(key: string): ServiceView | undefined {
    return this.#backends.service(key);
  }

  /** The last good state of a Secret. @param key `namespace/name` */
  secret(key: string): SecretView | undefined {
    return this.#secrets.get(key);
  }

  /** Who has a host, in words; undefined when nobody has. */
  ownerOfHost(host: string): string | undefined {
    return this.#routes.ownerOfHost(host);
  }

  route(name: string): ServingRoute | undefined {
    return this.#routes.get(name);
  }

  get certificates(): readonly ServingCertificate[] {
    return this.#certificates.certificates;
  }

  /** @param key `Route namespace/name`, or `Ingress namespace/name` */
  owner(key: string): OwnerState | undefined {
    const state = this.#routes.owner(key);
    const more = this.#certificates.problems.get(key);
    return state && more ? { ...state, problems: [...state.problems, ...more] } : state;
  }

  /** What is wrong with an object that could not be taken over. @param list of it */
  oddity(list: ObjectList, key: string): ObjectProblem | undefined {
    return this.#oddities.get(`${list} ${key}`);
  }

  /** All of it, as of the last `take`. */
  model(): ServingModel {
    const revisions = [...this.#revisions.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
    const routes = [...this.#routes.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    const backends = [...this.#backends.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
    return { revisions, backends, routes, certificates: this.certificates, activators: this.#revisions.activators, problems: this.problems() };
  }

  /** Of all objects, sorted by kind, namespace and name. */
  problems(): ObjectProblem[] {
    const ofOwners = [...this.#routes.ownerKeys()].flatMap((key): ObjectProblem[] => {
      const state = this.owner(key);
      if (!state) return [];
      const { owner, namespace, problems } = state;
      return problems.map((found) => ({ kind: owner.kind, namespace, name: owner.name, problem: found }));
    });
    const place = ({ kind, namespace, name }: ObjectProblem) => `${kind} ${namespace}/${name}`;
    return [...this.#oddities.values(), ...ofOwners].sort((a, b) => (place(a) < place(b) ? -1 : place(a) > place(b) ? 1 : 0));
  }

  #put(list: ObjectList, key: string, object: unknown): void {
    switch (list) {
      case 'revisions':
        return this.#revisions.setRevision(key, object as Revision | undefined);
      case 'podAutoscalers':
        return this.#revisions.setPodAutoscaler(key, object as PodAutoscaler | undefined);
      case 'serverlessServices':
        return this.#revisions.setServerlessService(key, object as ServerlessService | undefined);
      case 'endpointSlices':
        for (const service of this.#slices.set(key, object as EndpointSliceView | undefined)) {
          this.#revisions.touchEndpoints(service);
          this.#backends.touchEndpoints(service);
        }
        return;
      case 'services':
        this.#backends.setService(key, object as ServiceView | undefined);
        return this.#revisions.touchService(key);
      case 'routes':
        return this.#routes.declare(`Route ${key}`, object as Route | undefined);
      case 'ingresses':
        return this.#routes.declare(`Ingress ${key}`, ours(object as Ingress | undefined));
      case 'secrets':
        if (object === undefined) this.#secrets.delete(key);
        else this.#secrets.set(key, object as SecretView);
        this.#areSecretsDirty = true;
    }
  }

  /** All of them anew, where one may have changed: they are few, and share hosts. */
  #takeCertificates(owners: ReadonlySet<string>): boolean {
    let isDirty = this.#areSecretsDirty && this.#secured.size > 0;
    this.#areSecretsDirty = false;
    for (const key of owners) {
      const isSecured = (this.#routes.owner(key)?.spec.tls ?? []).length > 0;
      if (isSecured) this.#secured.add(key);
      if (isSecured || this.#secured.has(key)) isDirty = true;
      if (!isSecured) this.#secured.delete(key);
    }
    if (!isDirty) return false;
    const before = this.#certificates.certificates;
    const inputs = [...this.#secured].sort().flatMap((owner) => {
      const state = this.#routes.owner(owner);
      return state && state.routes.length > 0 ? [{ owner, spec: state.spec }] : [];
    });
    this.#certificates = buildCertificates(inputs, (key) => this.#secrets.get(key), (key) => this.oddity('secrets', key)?.problem);
    return !isSameContent(before, this.#certificates.certificates);
  }
}

/** An Ingress of no class is nobody's: unlike a Route it has no default. */
function ours(ingress: Ingress | undefined): Ingress | undefined {
  return ingress?.metadata !== undefined && ingressClassOf(ingress, { ingressClass: '' }) === ingressClass ? ingress : undefined;
}
