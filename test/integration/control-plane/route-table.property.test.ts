/**
 * From Knative's objects to where a request goes, through model, resources and the proxy's own route table, against the plainest
 * reading of Knative's rules: who has a host, what a tag in a header does, which share a number draws.
 */
import { RequestHead } from '@sluice/http';
import { compileRouteTable, createTestStream, noRegexEngine } from '@sluice/proxy/testing';
import { decodeRouteConfiguration, typeUrls } from '@sluice/resources';
import { build, defaultServingConfig, type Revision, type Route, type ServingConfig, type TrafficTarget } from '@sluice/serving';
import { aRevision, aRoute } from '@sluice/serving/testing';
import { defaultTranslateOptions, translate } from '@sluice/translator';
import { inlineHosts } from '@sluice/translator/testing';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

const names = ['a', 'b', 'a-b', 'c'] as const;
const tags = ['', '', 'a', 'x'] as const;

interface World {
  readonly routes: readonly Route[];
  readonly revisions: readonly Revision[];
  readonly config: ServingConfig;
}

/** Shares that add up, each with a revision of its own and maybe a tag. */
const traffic: fc.Arbitrary<TrafficTarget[]> = fc
  .array(fc.record({ generation: fc.nat(3), weight: fc.integer({ min: 0, max: 10 }), tag: fc.constantFrom(...tags) }), { minLength: 1, maxLength: 3 })
  .map((targets) => {
    const total = targets.reduce((sum, { weight }) => sum + weight, 0) || 1;
    const percents = targets.map(({ weight }) => Math.floor((weight * 100) / total));
    percents[0] = (percents[0] as number) + 100 - percents.reduce((sum, percent) => sum + percent, 0);
    const seen = new Set<string>();
    return targets.map(({ generation, tag }, index) => {
      const isFree = tag !== '' && !seen.has(tag);
      seen.add(tag);
      return { revisionName: `r-0000${generation}`, percent: percents[index] as number, ...(isFree ? { tag } : {}) };
    });
  });

const world: fc.Arbitrary<World> = fc
  .record({
    routes: fc.uniqueArray(fc.record({ name: fc.constantFrom(...names), traffic, isLocal: fc.boolean(), age: fc.nat(9) }), { selector: ({ name }) => name, minLength: 1 }),
    generations: fc.subarray([0, 1, 2, 3], { minLength: 1 }),
    tagHeaderBasedRouting: fc.boolean(),
  })
  .map(({ routes, generations, tagHeaderBasedRouting }) => ({
    routes: routes.map(({ name, traffic: targets, isLocal, age }) =>
      aRoute(name, targets, {
        creationTimestamp: `2026-01-0${age}T00:00:00Z`,
        labels: isLocal ? { 'networking.knative.dev/visibility': 'cluster-local' } : {},
      }),
    ),
    revisions: generations.map((generation) => aRevision('r', generation)),
    config: { ...defaultServingConfig, domain: { domains: [{ name: 'example.com', selector: {} }] }, features: { ...defaultServingConfig.features, 'tag-header-based-routing': tagHeaderBasedRouting ? 'Enabled' : 'Disabled' } },
  }));

const request = fc.record({
  label: fc.oneof(fc.constantFrom(...names), fc.constantFrom('x-a', 'x-b', 'x-a-b', 'a-a', 'a-c', 'nobody')),
  suffix: fc.constantFrom('default.example.com', 'default', 'default.svc', 'default.svc.cluster.local', 'other.example.com'),
  port: fc.constantFrom('', ':80', ':8080'),
  tag: fc.constantFrom(undefined, 'a', 'x', 'unknown'),
  path: fc.constantFrom('/', '/some/where?q=1'),
  isInside: fc.boolean(),
  drawn: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
});

type Request = typeof request extends fc.Arbitrary<infer T> ? T : never;

interface Outcome {
  readonly revision: string;
  readonly tag: string | undefined;
  readonly isDefault: string | undefined;
}

test('requests go where Knative says that they go', () => {
  fc.assert(
    fc.property(world, fc.array(request, { minLength: 1, maxLength: 20 }), ({ routes, revisions, config }, requests) => {
      const model = build({ routes, revisions, podAutoscalers: [], serverlessServices: [], endpointSlices: [] }, { config });
      const resources = inlineHosts(translate(model, defaultTranslateOptions)['sluice-gateway']);
      const tables = new Map(
        resources
          .filter(({ typeUrl }) => typeUrl === typeUrls.routeConfiguration)
          .map(({ name, value }) => {
            const decoded = decodeRouteConfiguration(value);
            if (!decoded.ok) throw new Error(JSON.stringify(decoded.problems));
            return [name, compileRouteTable(decoded.value, { regexEngine: noRegexEngine, setsEnvoyHeaders: true }).table];
          }),
      );
      for (const sent of requests) {
        const head = RequestHead.of('GET', `${sent.label}.${sent.suffix}${sent.port}`, sent.path, sent.tag === undefined ? {} : { 'knative-serving-tag': sent.tag });
        const match = tables.get(sent.isInside ? 'internal_services' : 'external_services')?.match(head, { next: () => sent.drawn });
        match?.changeRequest?.(head, createTestStream().info);
        const found: Outcome | undefined =
          match?.action.kind === 'forward'
            ? { revision: match.action.clusterName, tag: head.get('knative-serving-tag'), isDefault: head.get('knative-serving-default-route') }
            : undefined;
        expect(found).toEqual(plainly(sent, { routes, revisions, config }));
        if (found) expect(`${head.get('knative-serving-namespace')}/${head.get('knative-serving-revision')}`).toBe(found.revision);
      }
    }),
    { numRuns: 300 },
  );
});

/** The rules once more, one request at a time. */
function plainly(sent: Request, { routes, revisions, config }: World): Outcome | undefined {
  const owner = ownerOf(sent.label, routes);
  if (!owner) return undefined;
  const { route, tag } = owner;
  const isLocal = route.metadata.labels?.['networking.knative.dev/visibility'] === 'cluster-local';
  const isOutsideName = sent.suffix === 'default.example.com';
  const isInsideName = ['default', 'default.svc', 'default.svc.cluster.local'].includes(sent.suffix);
  if (!(isOutsideName && !isLocal) && !(isInsideName && sent.isInside)) return undefined;

  const targets = route.status?.traffic ?? [];
  const exists = ({ revisionName }: TrafficTarget) => revisions.some(({ metadata }) => metadata.name === revisionName);
  const goesTo = ({ revisionName }: TrafficTarget) => `default/${revisionName}`;
  const byHeaders = config.features['tag-header-based-routing'] === 'Enabled';
  if (tag !== '') {
    const target = targets.find((candidate) => candidate.tag === tag && exists(candidate));
    return target && { revision: goesTo(target), tag: byHeaders ? tag : sent.tag, isDefault: undefined };
  }
  const named = byHeaders ? targets.find((candidate) => candidate.tag !== undefined && candidate.tag === sent.tag && exists(candidate)) : undefined;
  // A tag is looked at only where the route's own host is served at all.
  if (named && targets.some(({ percent = 0 }) => percent > 0)) return { revision: goesTo(named), tag: sent.tag, isDefault: undefined };
  const shares = new Map<string, number>();
  for (const target of targets) {
    if (exists(target) && (target.percent ?? 0) > 0) shares.set(goesTo(target), (shares.get(goesTo(target)) ?? 0) + (target.percent ?? 0));
  }
  const total = [...shares.values()].reduce((sum, share) => sum + share, 0);
  let drawn = Math.floor(sent.drawn * total);
  for (const [revision, share] of shares) {
    drawn -= share;
    if (drawn < 0) return { revision, tag: sent.tag, isDefault: byHeaders ? 'true' : undefined };
  }
  return undefined;
}

/** The oldest route that has the name, itself or by a tag. A route's own name comes before those of its tags. */
function ownerOf(label: string, routes: readonly Route[]): { readonly route: Route; readonly tag: string } | undefined {
  const byAge = routes.toSorted((a, b) => (ageOf(a) < ageOf(b) ? -1 : 1));
  for (const route of byAge) {
    const { name } = route.metadata;
    if (label === name) return { route, tag: '' };
    const tag = (route.status?.traffic ?? []).map((target) => target.tag ?? '').find((candidate) => candidate !== '' && `${candidate}-${name}` === label);
    if (tag !== undefined) return { route, tag };
  }
  return undefined;
}

function ageOf({ metadata }: Route): string {
  return `${metadata.creationTimestamp} ${metadata.name}`;
}
