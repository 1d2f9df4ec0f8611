/**
 * The routes of a model that follows objects as they change: what each object asks for, who has which host, and where that
 * leads. A change costs what hangs together with it, however many routes there are.
 */
import { problem, type Problem } from '@sluice/kernel';
import type { Ingress, IngressSpec } from '../api/ingress.ts';
import type { Protocol } from '../api/pod-autoscaler.ts';
import type { Route } from '../api/route.ts';
import { ingressHash } from '../ingress/ingress-hash.ts';
import type { IngressConfig } from '../ingress/make-ingress.ts';
import { isServedHere } from '../ingress/ingress-class.ts';
import { servedIngress } from '../ingress/served-ingress.ts';
import { isSameContent } from '../names.ts';
import type { RouteOwner, ServingRoute } from '../serving-model.ts';
import { HostClaims } from './host-claims.ts';
import type { BackendRef } from './live-backends.ts';
import { routeCandidates, type RouteCandidate } from './ingress-routes.ts';
import { resolveRoute, rewritesHost } from './resolve-route.ts';
import { readSessionAffinity } from './session-affinity.ts';

export interface LiveRoutesOptions {
  /** What a revision speaks; undefined for one that is not there. @param key `namespace/name` */
  readonly protocolOf: (key: string) => Protocol | undefined;
  /** The key of a Service's port; undefined when it is not there. */
  readonly backendOf: (ref: BackendRef) => string | undefined;
}

/** An object that declares routes, and what became of it. */
export interface OwnerState {
  readonly owner: RouteOwner;
  readonly namespace: string;
  /** Of the content that the routes are made of. */
  readonly hash: string;
  readonly spec: IngressSpec;
  /** Names of its routes that are served. */
  readonly routes: readonly string[];
  readonly problems: readonly Problem[];
}

interface Owner extends Omit<OwnerState, 'routes' | 'problems'> {
  /** By the key that each has among all claimants. */
  readonly candidates: ReadonlyMap<string, RouteCandidate>;
}

export class LiveRoutes {
  readonly #options: LiveRoutesOptions;
  readonly #declared = new Map<string, Route | Ingress>();
  /** Of Routes whose controller declares Ingresses for them, as Knative's does: those. */
  readonly #standIns = new Map<string, Set<string>>();
  readonly #owners = new Map<string, Owner>();
  readonly #claims = new HostClaims();
  readonly #candidates = new Map<string, RouteCandidate>();
  /** What each candidate serves now. */
  readonly #served = new Map<string, ServingRoute>();
  readonly #problems = new Map<string, readonly Problem[]>();
  readonly #routes = new Map<string, ServingRoute>();
  /** Keys of owners by each revision that they name, and by each host that they rewrite to. */
  readonly #usersOf = new Map<string, Set<string>>();
  readonly #dirty = new Set<string>();
  #config: IngressConfig;

  constructor(config: IngressConfig, options: LiveRoutesOptions) {
    this.#config = config;
    this.#options = options;
  }

  get(name: string): ServingRoute | undefined {
    return this.#routes.get(name);
  }

  values(): Iterable<ServingRoute> {
    return this.#routes.values();
  }

  /** @param key of the owner: `Route namespace/name` */
  owner(key: string): OwnerState | undefined {
    const owner = this.#owners.get(key);
    if (!owner) return undefined;
    const keys = [...owner.candidates.keys()];
    return {
      ...owner,
      routes: keys.flatMap((candidate) => this.#served.get(candidate)?.name ?? []),
      problems: keys.flatMap((candidate) => this.#problems.get(candidate) ?? []),
    };
  }

  /** In words; undefined for a host that nobody asks for. */
  ownerOfHost(host: string): string | undefined {
    const owner = this.#claims.ownerOf(host);
    return owner === undefined ? undefined : describeOwner(this.#candidates.get(owner));
  }

  ownerKeys(): Iterable<string> {
    return this.#owners.keys();
  }

  configure(config: IngressConfig): void {
    this.#config = config;
    for (const key of this.#declared.keys()) this.#dirty.add(key);
  }

  /** @param key of the owner */
  declare(key: string, object: Route | Ingress | undefined): void {
    const before = this.#declared.get(key);
    const next = object && object.metadata.deletionTimestamp === undefined ? object : undefined;
    if (next) this.#declared.set(key, next);
    else this.#declared.delete(key);
    this.#dirty.add(key);
    for (const view of [before, next]) {
      const route = view && routeBehind(view);
      if (route === undefined) continue;
      const keys = this.#standIns.get(route) ?? new Set<string>();
      if (view === next) keys.add(key);
      else keys.delete(key);
      if (keys.size === 0) this.#standIns.delete(route);
      else this.#standIns.set(route, keys);
      this.#dirty.add(route);
    }
  }

  /** These revisions or Services have come, gone or changed: whoever names them is looked at again. */
  touchRevisions(keys: Iterable<string>): void {
    for (const key of keys) for (const user of this.#usersOf.get(key) ?? []) this.#dirty.add(user);
  }

  /** Names of routes that are different from before, and keys of owners about whom there may be something new to say. */
  take(): { readonly routes: ReadonlySet<string>; readonly owners: ReadonlySet<string> } {
    const owners = new Set(this.#dirty);
    const concerned = new Set<string>();
    for (const key of this.#dirty) for (const candidate of this.#rebuildOwner(key)) concerned.add(candidate);
    this.#dirty.clear();
    const settled = this.#claims.settle();
    for (const candidate of settled.claimants) concerned.add(candidate);
    const changed = this.#serve([...concerned].filter((key) => !this.#isRewriting(key)));
    const rewriting = new Set([...concerned].filter((key) => this.#isRewriting(key)));
    const hosts = new Set(settled.claims);
    for (const [name, was] of changed) for (const route of [was, this.#routes.get(name)]) for (const host of hostsOf(route)) hosts.add(host);
    for (const key of this.#rewritingTo(hosts)) rewriting.add(key);
    for (const name of this.#serve([...rewriting]).keys()) changed.set(name, undefined);
    for (const key of [...concerned, ...rewriting]) owners.add(ownerOf(key));
    return { routes: new Set(changed.keys()), owners };
  }

  /** The candidates that the owner had and has. */
  #rebuildOwner(key: string): Set<string> {
    const before = this.#owners.get(key);
    // What a Route's own controller says in an Ingress is served, and not the same once more.
    const object = this.#standIns.has(key) ? undefined : this.#declared.get(key);
    // What others' gateways serve is theirs: Ingresses have been looked at by who brings them, Routes change with the cluster's class.
    const owner = object && (isIngress(object) || isServedHere(object, this.#config.network)) ? this.#read(object) : undefined;
    for (const user of before ? usesOf(before) : []) this.#usersOf.get(user)?.delete(key);
    for (const candidate of before?.candidates.keys() ?? []) {
      if (owner?.candidates.has(candidate)) continue;
      this.#claims.remove(candidate);
      this.#candidates.delete(candidate);
    }
    if (!owner || !object) {
      this.#owners.delete(key);
      return new Set(before?.candidates.keys());
    }
    this.#owners.set(key, owner);
    for (const user of usesOf(owner)) {
      const users = this.#usersOf.get(user);
      if (users) users.add(key);
      else this.#usersOf.set(user, new Set([key]));
    }
    for (const [candidateKey, candidate] of owner.candidates) {
      this.#candidates.set(candidateKey, candidate);
      const { externalHosts, internalHosts, name } = candidate;
      const claims = [...externalHosts, ...internalHosts, name];
      this.#claims.put({ key: candidateKey, createdAt: object.metadata.creationTimestamp ?? '', claims });
    }
    return new Set([...(before?.candidates.keys() ?? []), ...owner.candidates.keys()]);
  }

  #read(object: Route | Ingress): Owner {
    const { namespace = '', name } = object.metadata;
    const { clusterDomain } = this.#config.network;
    const protocolOf = (revision: string) => this.#options.protocolOf(`${namespace}/${revision}`) ?? 'http1';
    const kind = isIngress(object) ? 'Ingress' : 'Route';
    // A Route's traffic is what its controller has resolved: it keeps the last that could be, and one place decides.
    const { spec } = isIngress(object) ? object : servedIngress(object, this.#config, protocolOf);
    const owner: RouteOwner = { kind, name };
    const hash = ingressHash(spec, namespace, name);
    const affinity = readSessionAffinity(object.metadata.annotations);
    const candidates = routeCandidates({ owner, namespace, spec, hash, clusterDomain, affinity });
    const key = `${kind} ${namespace}/${name}`;
    return { owner, namespace, hash, spec, candidates: new Map(candidates.map((candidate, index) => [`${key} ${index}`, candidate])) };
  }

  /** Names of routes that changed, each with what it was. */
  #serve(keys: readonly string[]): Map<string, ServingRoute | undefined> {
    const before = new Map<string, ServingRoute | undefined>();
    const remember = (name: string) => before.has(name) || before.set(name, this.#routes.get(name));
    const next = new Map(keys.map((key) => [key, this.#resolve(key)]));
    // First what goes, since what comes may have its name.
    for (const key of next.keys()) {
      const served = this.#served.get(key);
      if (!served) continue;
      remember(served.name);
      this.#routes.delete(served.name);
      this.#served.delete(key);
    }
    for (const [key, route] of next) {
      if (!route) continue;
      remember(route.name);
      this.#served.set(key, route);
      this.#routes.set(route.name, route);
    }
    for (const [name, was] of before) if (isSameContent(was, this.#routes.get(name))) before.delete(name);
    return before;
  }

  #resolve(key: string): ServingRoute | undefined {
    const candidate = this.#candidates.get(key);
    if (!candidate) {
      this.#problems.delete(key);
      return undefined;
    }
    const conflict = this.#claims.conflictOf(key);
    if (conflict) {
      const path = candidate.owner.kind === 'Route' ? 'spec.traffic' : 'spec.rules';
      this.#problems.set(key, [problem(path, `host ${conflict.claim} belongs to ${describeOwner(this.#candidates.get(conflict.owner))} already`)]);
      return undefined;
    }
    const { route, problems } = resolveRoute(candidate, {
      hasRevision: (revision) => this.#options.protocolOf(revision) !== undefined,
      backendOf: this.#options.backendOf,
      routeOf: (host) => {
        const owner = this.#claims.ownerOf(host) ?? '';
        return this.#isRewriting(owner) ? 'rewritten' : this.#served.get(owner);
      },
    });
    this.#problems.set(key, problems);
    return route;
  }

  #isRewriting(key: string): boolean {
    const candidate = this.#candidates.get(key);
    return candidate !== undefined && rewritesHost(candidate);
  }

  /** Candidates that send to one of these hosts. */
  #rewritingTo(hosts: ReadonlySet<string>): string[] {
    const users = [...hosts].flatMap((host) => [...(this.#usersOf.get(hostUse(host)) ?? [])]);
    const candidates = users.flatMap((user) => [...(this.#owners.get(user)?.candidates.keys() ?? [])]);
    return candidates.filter((key) => this.#isRewriting(key));
  }
}

function hostsOf(route: ServingRoute | undefined): readonly string[] {
  return route ? [...route.internalHosts, ...route.externalHosts] : [];
}

/** `Route namespace/name`, from the key of one of its candidates. */
function ownerOf(candidate: string): string {
  return candidate.slice(0, candidate.lastIndexOf(' '));
}

function usesOf({ namespace, candidates }: Owner): Set<string> {
  const uses = new Set<string>();
  for (const { declared } of candidates.values()) {
    for (const { splits, rewriteHost } of declared) {
      if (rewriteHost) uses.add(hostUse(rewriteHost));
      for (const { serviceName } of splits) uses.add(`${namespace}/${serviceName}`);
    }
  }
  return uses;
}

/** No revision has such a key. */
function hostUse(host: string): string {
  return `host ${host}`;
}

/** The Route that an Ingress has been made of by a controller: `Route namespace/name`. */
function routeBehind(object: Route | Ingress): string | undefined {
  if (!isIngress(object)) return undefined;
  const owner = object.metadata.ownerReferences?.find(({ kind, apiVersion, controller }) => kind === 'Route' && controller === true && apiVersion.startsWith('serving.knative.dev/'));
  return owner && `Route ${object.metadata.namespace ?? ''}/${owner.name}`;
}

function isIngress(object: Route | Ingress): object is Ingress {
  return object.kind === 'Ingress';
}

function describeOwner(candidate: RouteCandidate | undefined): string {
  return candidate ? `${candidate.owner.kind.toLowerCase()} "${candidate.owner.name}"` : 'another';
}
