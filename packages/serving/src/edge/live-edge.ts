/**
 * The edge model, following objects as they change. It is built from scratch, but only when something of it may be different: what it asked
 * of its surroundings is remembered with the answers, and asked again instead of being rebuilt for whatever changes in a cluster.
 */
import { formatProblem } from '@sluice/kernel';
import type { ServingObject } from '../api/object.ts';
import { backendKey, type BackendRef } from '../model/live-backends.ts';
import { canonicalJson, isSameContent } from '../names.ts';
import { buildEdge, type EdgeObjects } from './build-edge.ts';
import { noEdge, type EdgeModel } from './edge-model.ts';
import { edgeOddity } from './edge-shapes.ts';
import type { EdgeSurroundings } from './edge-surroundings.ts';

export type EdgeList = keyof EdgeObjects;

type ObjectOf<List extends EdgeList> = EdgeObjects[List] extends Iterable<infer T extends ServingObject> ? T : never;

type Stores = { readonly [List in EdgeList]: Map<string, ObjectOf<List>> };

export interface LiveEdgeOptions {
  /** Without labels of namespaces and authorities, which are told by `setNamespace` and `setAuthority`. */
  readonly surroundings: () => Surroundings;
}

type Surroundings = Omit<EdgeSurroundings, 'labelsOf' | 'findAuthority'>;

export class LiveEdge {
  readonly #options: LiveEdgeOptions;
  readonly #stores: Stores = { gatewayClasses: new Map(), gateways: new Map(), httpRoutes: new Map(), grpcRoutes: new Map(), tlsRoutes: new Map(), tcpRoutes: new Map(), backendTlsPolicies: new Map(), referenceGrants: new Map(), ingressClasses: new Map(), ingresses: new Map() };
  readonly #namespaces = new Map<string, Readonly<Record<string, string>>>();
  /** What ConfigMaps hold under `ca.crt`. */
  readonly #authorities = new Map<string, string>();
  /** Those that were asked for, be they there or not. */
  #askedAuthorities = new Set<string>();
  readonly #oddities = new Map<string, string>();
  /** Each question that was asked, as a way to ask it again, with the answer in short. */
  #asked = new Map<string, { readonly again: (surroundings: Surroundings) => string; readonly answer: string }>();
  #fixed = '';
  #isDirty = false;
  #model = noEdge;

  constructor(options: LiveEdgeOptions) {
    this.#options = options;
  }

  get model(): EdgeModel {
    return this.#model;
  }

  /** @param object undefined when it has gone. What is not as its type says leaves its last good state in force. */
  set<List extends EdgeList>(list: List, key: string, object: ObjectOf<List> | undefined): void {
    const odd = object === undefined ? undefined : edgeOddity(list, object);
    if (odd) {
      this.#oddities.set(`${list} ${key}`, formatProblem(odd));
      return;
    }
    this.#oddities.delete(`${list} ${key}`);
    const before: ServingObject | undefined = this.#stores[list].get(key);
    const living: ServingObject | undefined = object;
    if (object && living?.metadata.deletionTimestamp === undefined) this.#stores[list].set(key, object);
    else this.#stores[list].delete(key);
    // What it says of itself is no wish: statuses that are written here come back.
    const after: ServingObject | undefined = this.#stores[list].get(key);
    if (!isSameContent(before && wishOf(before), after && wishOf(after))) this.#isDirty = true;
  }

  /** Why an object cannot be used as it is now. */
  oddity(list: EdgeList, key: string): string | undefined {
    return this.#oddities.get(`${list} ${key}`);
  }

  setNamespace(name: string, labels: Readonly<Record<string, string>> | undefined): void {
    if (labels) this.#namespaces.set(name, labels);
    else this.#namespaces.delete(name);
    // Few listeners choose by labels; whether one does is not worth remembering.
    if (this.#stores.gateways.size > 0) this.#isDirty = true;
  }

  /** @param pem of a ConfigMap; undefined where it has none, or is not there */
  setAuthority(key: string, pem: string | undefined): void {
    if (this.#authorities.get(key) === pem) return;
    if (pem === undefined) this.#authorities.delete(key);
    else this.#authorities.set(key, pem);
    if (this.#askedAuthorities.has(key)) this.#isDirty = true;
  }

  get<List extends EdgeList>(list: List, key: string): ObjectOf<List> | undefined {
    return this.#stores[list].get(key);
  }

  /** Undefined when it is the same as before. */
  update(): EdgeModel | undefined {
    const surroundings = this.#options.surroundings();
    const fixed = canonicalJson([surroundings.addresses, [...surroundings.ports]]);
    if (!this.#isDirty && fixed === this.#fixed && [...this.#asked.values()].every(({ again, answer }) => again(surroundings) === answer)) return undefined;
    this.#isDirty = false;
    this.#fixed = fixed;
    this.#asked = new Map();
    this.#askedAuthorities = new Set();
    const stores = this.#stores;
    this.#model = buildEdge(
      {
        gatewayClasses: stores.gatewayClasses.values(),
        gateways: stores.gateways.values(),
        httpRoutes: stores.httpRoutes.values(),
        grpcRoutes: stores.grpcRoutes.values(),
        tlsRoutes: stores.tlsRoutes.values(),
        tcpRoutes: stores.tcpRoutes.values(),
        backendTlsPolicies: stores.backendTlsPolicies.values(),
        referenceGrants: stores.referenceGrants.values(),
        ingressClasses: stores.ingressClasses.values(),
        ingresses: stores.ingresses.values(),
      },
      {
        ...surroundings,
        labelsOf: (namespace) => this.#namespaces.get(namespace),
        findAuthority: (key) => {
          this.#askedAuthorities.add(key);
          const pem = this.#authorities.get(key);
          return pem === undefined ? { ok: false, reason: 'is not there, or has no ca.crt' } : { ok: true, pem };
        },
        portNameOf: (service, port) => {
          this.#ask(`port ${service} ${port}`, (now) => now.portNameOf(service, port), surroundings);
          return surroundings.portNameOf(service, port);
        },
        findBackend: (ref) => {
          this.#ask(`backend ${backendKey(ref)}`, (now) => backendAnswer(now, ref), surroundings);
          return surroundings.findBackend(ref);
        },
        findCertificate: (key) => {
          this.#ask(`certificate ${key}`, (now) => certificateAnswer(now, key), surroundings);
          return surroundings.findCertificate(key);
        },
        ownerOfHost: (host) => {
          this.#ask(`host ${host}`, (now) => now.ownerOfHost(host) ?? '', surroundings);
          return surroundings.ownerOfHost(host);
        },
      },
    );
    return this.#model;
  }

  #ask(question: string, again: (surroundings: Surroundings) => string, surroundings: Surroundings): void {
    if (!this.#asked.has(question)) this.#asked.set(question, { again, answer: again(surroundings) });
  }
}

function wishOf({ metadata, spec }: ServingObject & { readonly spec?: unknown }): unknown {
  const { creationTimestamp, annotations } = metadata;
  return { creationTimestamp, annotations, spec };
}

/** Where a backend's pods are is told apart from the rest, so it does not count here. */
function backendAnswer({ findBackend }: Surroundings, ref: BackendRef): string {
  const found = findBackend(ref);
  return typeof found === 'string' ? found : found.protocol;
}

function certificateAnswer({ findCertificate }: Surroundings, key: string): string {
  const found = findCertificate(key);
  return found.ok ? `${found.certificateChain}${found.privateKey}` : found.reason;
}
