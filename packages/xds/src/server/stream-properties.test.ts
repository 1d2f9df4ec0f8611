/**
 * Whatever happens in whatever order, of both variants: a client that follows ends with what there is, at no moment has it
 * routes to clusters without endpoints, no cluster is taken from under its routes, and one response per type is out.
 */
import { array, assert, constantFrom, integer, nat, oneof, property, record, subarray, constant, type Arbitrary } from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { DeltaDiscoveryRequest, DeltaDiscoveryResponse, DiscoveryRequest, DiscoveryResponse } from '../discovery.ts';
import { versionedResource, type Snapshot, type VersionedResource } from '../snapshot/snapshot.ts';
import { ShardedMap } from '../snapshot/sharded-map.ts';
import { emptySetVersion, versionOfChangedSet } from '../snapshot/content-version.ts';
import { typeUrls, type TypeUrl } from '../type-urls.ts';
import { DeltaStream } from './delta-stream.ts';
import type { StreamEffect } from './discovery-stream.ts';
import { SotwStream } from './sotw-stream.ts';

const names = ['a', 'b', 'c', 'd', 'e'];
const { cluster: CDS, clusterLoadAssignment: EDS, listener: LDS, routeConfiguration: RDS } = typeUrls;

/** The world at one moment: clusters, each with endpoints, and the routes that lead to some of them. */
interface World {
  readonly clusters: readonly string[];
  readonly contents: readonly number[];
  readonly routed: readonly string[];
}

const world: Arbitrary<World> = record({
  clusters: subarray(names),
  contents: array(nat(2), { minLength: 10, maxLength: 10 }),
  routed: subarray(names),
}).map(({ clusters, contents, routed }) => ({ clusters, contents, routed: routed.filter((name) => clusters.includes(name)) }));

type Step =
  | { readonly kind: 'world'; readonly world: World }
  | { readonly kind: 'answer'; readonly which: number; readonly refuses: boolean }
  | { readonly kind: 'stale'; readonly type: TypeUrl }
  | { readonly kind: 'reconnect' };

const step: Arbitrary<Step> = oneof(
  { weight: 3, arbitrary: world.map((value): Step => ({ kind: 'world', world: value })) },
  { weight: 8, arbitrary: record({ which: nat(3), refuses: integer({ min: 0, max: 9 }).map((value) => value === 0) }).map((value): Step => ({ kind: 'answer', ...value })) },
  { weight: 1, arbitrary: constantFrom(CDS, EDS, LDS, RDS).map((type): Step => ({ kind: 'stale', type })) },
  { weight: 1, arbitrary: constant<Step>({ kind: 'reconnect' }) },
);

function snapshotOf({ clusters, contents, routed }: World, comment = ''): Snapshot {
  const make = (typeUrl: TypeUrl, name: string, content: string, value = {}): VersionedResource =>
    versionedResource({ typeUrl, name, value: { name, ...value } }, Buffer.from(`${name}:${content}`), content);
  const indexed = clusters.map((name) => ({ name, index: names.indexOf(name) }));
  return {
    types: new Map(
      [
        indexed.map(({ name, index }) => make(CDS, name, `c${contents[index]}`, { type: 'EDS' })),
        indexed.map(({ name, index }) => make(EDS, name, `e${contents[index + 5]}`)),
        [make(LDS, 'http', 'l')],
        [make(RDS, 'routes', `r${routed.join('')}${comment}`)],
      ].map((list, index) => {
        const typeUrl = [CDS, EDS, LDS, RDS][index] as TypeUrl;
        const resources = ShardedMap.empty<VersionedResource>().with(list.map((resource) => [resource.name, resource]));
        return [typeUrl, { version: versionOfChangedSet(emptySetVersion, list.map(({ share }) => share)), resources }];
      }),
    ),
  };
}

/** What a response says, whichever variant it is of. */
interface Told {
  readonly typeUrl: TypeUrl;
  readonly nonce: string;
  readonly versionInfo: string;
  readonly changed: ReadonlyMap<string, string>;
  readonly removed: readonly string[];
}

/** A client that believes what it is told, checks that it could use it, and answers when the property says so. */
abstract class Follower {
  readonly held = new Map<TypeUrl, Map<string, string>>([CDS, EDS, LDS, RDS].map((type) => [type, new Map()]));
  readonly unanswered: Told[] = [];
  /** Routes in use, by content. */
  routes = '';
  /**
   * A client that comes back says in this variant only which version it had, so the server cannot keep what it does not
   * know to be held: until the routes are there anew, they may lead to what is gone.
   */
  protected hasOldRoutes = false;
  protected readonly nonces = new Map<TypeUrl, string>();
  protected readonly versions = new Map<TypeUrl, string>();
  snapshot: Snapshot | undefined;

  abstract connect(): void;
  abstract publish(snapshot: Snapshot): void;
  abstract answer(told: Told, refuses: boolean): void;
  abstract stale(type: TypeUrl): void;

  protected namesOf(type: TypeUrl): readonly string[] {
    return [...(this.held.get(type)?.keys() ?? [])];
  }

  /** What is wanted of a type: undefined for everything. */
  protected wantedOf(type: TypeUrl): readonly string[] | undefined {
    if (type === EDS) return this.namesOf(CDS).toSorted();
    return type === RDS ? ['routes'] : undefined;
  }

  take(told: Told): void {
    expect(this.unanswered.some(({ typeUrl }) => typeUrl === told.typeUrl)).toBe(false);
    this.unanswered.push(told);
  }

  /** Applies what it accepts, as a proxy does before it answers. */
  apply({ typeUrl, changed, removed }: Told, refuses: boolean): void {
    const held = this.held.get(typeUrl) as Map<string, string>;
    if (refuses && typeUrl === RDS) return;
    for (const [name, content] of changed) held.set(name, content);
    for (const name of removed) held.delete(name);
    if (typeUrl === RDS) {
      this.routes = held.get('routes') ?? '';
      this.hasOldRoutes = false;
    }
    if (this.hasOldRoutes) return;
    for (const name of this.routes.slice(1).replace('!', '')) {
      expect(this.held.get(CDS)?.has(name), `cluster ${name} of ${this.routes}`).toBe(true);
      expect(this.held.get(EDS)?.has(name), `endpoints of ${name}`).toBe(true);
    }
  }

  /** Answers everything until nothing more comes. */
  settle(): void {
    for (let round = 0; this.unanswered.length > 0; round += 1) {
      expect(round).toBeLessThan(200);
      this.answer(this.unanswered.shift() as Told, false);
    }
  }
}

class SotwFollower extends Follower {
  #stream = new SotwStream();

  connect(): void {
    this.#stream = new SotwStream();
    this.hasOldRoutes = true;
    this.unanswered.length = 0;
    this.nonces.clear();
    if (this.snapshot) this.publish(this.snapshot);
    for (const type of [CDS, EDS, LDS, RDS]) this.#ask(type, {});
  }

  publish(snapshot: Snapshot): void {
    this.snapshot = snapshot;
    this.#perform(this.#stream.step({ kind: 'snapshot', snapshot }));
  }

  answer(told: Told, refuses: boolean): void {
    const namesBefore = this.wantedOf(EDS);
    this.apply(told, refuses);
    // What a client asks for before it has read a response bears the nonce of the one before.
    this.nonces.set(told.typeUrl, told.nonce);
    if (!refuses) this.versions.set(told.typeUrl, told.versionInfo);
    this.#ask(told.typeUrl, refuses ? { errorDetail: { code: 3, message: 'no' } } : {});
    if (told.typeUrl !== CDS || String(this.wantedOf(EDS)) === String(namesBefore)) return;
    // What is no longer named is dropped with its subscription.
    const held = this.held.get(EDS) as Map<string, string>;
    for (const name of held.keys()) if (this.held.get(CDS)?.has(name) !== true) held.delete(name);
    this.#ask(EDS, {});
  }

  stale(type: TypeUrl): void {
    if (!this.nonces.has(type)) return;
    this.#ask(type, { responseNonce: 'old', resourceNames: ['other'] });
  }

  #ask(typeUrl: TypeUrl, more: Partial<DiscoveryRequest>): void {
    const request: DiscoveryRequest = {
      typeUrl,
      versionInfo: this.versions.get(typeUrl) ?? '',
      responseNonce: this.nonces.get(typeUrl) ?? '',
      resourceNames: this.wantedOf(typeUrl) ?? [],
      node: { id: 'n', cluster: 'g' },
      ...more,
    };
    this.#perform(this.#stream.step({ kind: 'request', request }));
  }

  #perform(effects: readonly StreamEffect<DiscoveryResponse>[]): void {
    for (const effect of effects) {
      if (effect.kind !== 'send') continue;
      const { typeUrl, nonce, versionInfo, resources } = effect.response;
      const changed = new Map(resources.map(({ value }) => Buffer.from(value).toString().split(':') as [string, string]));
      const isFull = typeUrl === CDS || typeUrl === LDS;
      const removed = isFull ? this.namesOf(typeUrl).filter((name) => !changed.has(name)) : [];
      this.take({ typeUrl, nonce, versionInfo, changed, removed });
    }
  }
}

class DeltaFollower extends Follower {
  #stream = new DeltaStream();
  readonly #asked = new Map<TypeUrl, ReadonlySet<string>>();

  connect(): void {
    this.#stream = new DeltaStream();
    this.unanswered.length = 0;
    this.nonces.clear();
    this.#asked.clear();
    if (this.snapshot) this.publish(this.snapshot);
    for (const type of [CDS, EDS, LDS, RDS]) this.#ask(type, { initialVersions: Object.fromEntries(this.held.get(type) ?? []) });
  }

  publish(snapshot: Snapshot): void {
    this.snapshot = snapshot;
    this.#perform(this.#stream.step({ kind: 'snapshot', snapshot }));
  }

  answer(told: Told, refuses: boolean): void {
    this.apply(told, refuses);
    this.#ask(told.typeUrl, { responseNonce: told.nonce, ...(refuses ? { errorDetail: { code: 3, message: 'no' } } : {}) });
    if (told.typeUrl !== CDS) return;
    const held = this.held.get(EDS) as Map<string, string>;
    for (const name of held.keys()) if (this.held.get(CDS)?.has(name) !== true) held.delete(name);
    if (String([...(this.#asked.get(EDS) ?? [])].sort()) !== String(this.wantedOf(EDS))) this.#ask(EDS, {});
  }

  stale(type: TypeUrl): void {
    this.#ask(type, { responseNonce: 'old' });
  }

  #ask(typeUrl: TypeUrl, more: Partial<DeltaDiscoveryRequest>): void {
    const before = this.#asked.get(typeUrl) ?? new Set();
    const wanted = new Set(this.wantedOf(typeUrl) ?? []);
    this.#asked.set(typeUrl, wanted);
    const request: DeltaDiscoveryRequest = {
      typeUrl,
      subscribe: [...wanted].filter((name) => !before.has(name)),
      unsubscribe: [...before].filter((name) => !wanted.has(name)),
      initialVersions: {},
      responseNonce: '',
      node: { id: 'n', cluster: 'g' },
      ...more,
    };
    this.#perform(this.#stream.step({ kind: 'request', request }));
  }

  #perform(effects: readonly StreamEffect<DeltaDiscoveryResponse>[]): void {
    for (const effect of effects) {
      if (effect.kind !== 'send') continue;
      const { typeUrl, nonce, resources, removedResources } = effect.response;
      const changed = new Map(resources.map(({ name, version }) => [name, version]));
      this.take({ typeUrl, nonce, versionInfo: '', changed, removed: removedResources });
    }
  }
}

describe.each([
  ['state of the world', () => new SotwFollower()],
  ['delta', () => new DeltaFollower()],
] as const)('%s', (_variant, create) => {
  test('a client ends with what there is, and could use it all the way', () => {
    assert(
      property(world, array(step, { maxLength: 60 }), world, (first, steps, last) => {
        const follower = create();
        follower.connect();
        follower.publish(snapshotOf(first));
        for (const next of steps) {
          if (next.kind === 'world') follower.publish(snapshotOf(next.world));
          else if (next.kind === 'stale') follower.stale(next.type);
          else if (next.kind === 'reconnect') follower.connect();
          else {
            const [told] = follower.unanswered.splice(next.which % Math.max(1, follower.unanswered.length), 1);
            if (told) follower.answer(told, next.refuses && told.typeUrl === RDS);
          }
        }
        // Something that differs, so that what was refused is told anew.
        follower.publish(snapshotOf({ ...last, routed: [] }, '!'));
        follower.settle();
        follower.publish(snapshotOf(last));
        follower.settle();
        for (const [typeUrl, { resources }] of snapshotOf(last).types) {
          const expected = [...resources.values()].map(({ name, version }) => [name, version]).sort();
          expect([...(follower.held.get(typeUrl) ?? [])].sort()).toEqual(expected);
        }
      }),
      { numRuns: 150 },
    );
  });
});
