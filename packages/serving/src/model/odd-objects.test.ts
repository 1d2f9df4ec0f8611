/** The model of objects of which one is not what its type says: that one is named, and the others are as ever. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defaultServingConfig } from '../config/serving-config.ts';
import type { ServingModel } from '../serving-model.ts';
import { activatorSlice, aPodAutoscaler, aRevision, aRoute, aServerlessService, podSlice } from '../testing/index.ts';
import { build } from './build.ts';
import type { ServingObjects } from './serving-objects.ts';

const options = { config: defaultServingConfig };

type Path = readonly (string | number)[];

/** A Service's worth of objects. */
function objectsOf(name: string, address: string): ServingObjects {
  const revision = `${name}-00001`;
  return {
    routes: [aRoute(name, [{ revisionName: revision, percent: 100, tag: 'blue' }])],
    revisions: [
      aRevision(name, 1, { spec: { containers: [{ name: 'a', ports: [{ name: 'h2c', containerPort: 9000 }] }] } }),
    ],
    podAutoscalers: [aPodAutoscaler(revision)],
    serverlessServices: [aServerlessService(revision, 'Serve', 1)],
    endpointSlices: [{ ...podSlice(revision, [address]), ports: [{ name: 'http2', port: 8013 }] }],
  };
}

const hello = objectsOf('hello', '10.0.0.1');
const other = objectsOf('other', '10.0.0.2');
const activators = activatorSlice(['10.1.0.1', '10.1.0.2']);

function buildBoth(odd: ServingObjects): ServingModel {
  return build(
    {
      routes: [...odd.routes, ...other.routes],
      revisions: [...odd.revisions, ...other.revisions],
      podAutoscalers: [...odd.podAutoscalers, ...other.podAutoscalers],
      serverlessServices: [...odd.serverlessServices, ...other.serverlessServices],
      endpointSlices: [...odd.endpointSlices, ...other.endpointSlices, activators],
    },
    options,
  );
}

function partOfOther({ revisions, routes, activators: all, problems }: ServingModel): object {
  return {
    revisions: revisions.filter(({ name }) => name === 'other-00001'),
    routes: routes.filter(({ owner }) => owner.name === 'other'),
    activators: all,
    problems: problems.filter(({ name }) => name.startsWith('other')),
  };
}

function pathsIn(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const keys = Array.isArray(value) ? value.keys() : Object.keys(value);
  const inner = [...keys].flatMap((key) => pathsIn((value as Record<string | number, unknown>)[key], [...path, key]));
  return [path, ...inner];
}

function withValueAt(value: unknown, [key, ...rest]: Path, replacement: unknown): unknown {
  if (key === undefined) return replacement;
  if (Array.isArray(value)) return value.map((item, index) => (index === key ? withValueAt(item, rest, replacement) : item));
  return { ...(value as object), [key]: withValueAt((value as Record<string, unknown>)[key], rest, replacement) };
}

/** Puts a value somewhere into the objects of `hello`, as far as the types would never let it. */
function spoilt(path: Path, value: unknown): ServingObjects {
  return withValueAt(hello, path, value) as ServingObjects;
}

test('odd JSON anywhere in an object changes nothing of the others, and never throws', () => {
  // The first two keys lead to an object; the lists themselves are ours.
  const paths = pathsIn(hello).filter((path) => path.length >= 2);
  const odd = fc.oneof(fc.constantFrom(null, true, -1, 1.5, Number.MAX_VALUE, '', 'x', [], {}, [null], [5]), fc.jsonValue());
  const expected = partOfOther(buildBoth(hello));
  expect(expected).toMatchObject({ revisions: [{ mode: 'Serve' }], routes: [{ name: 'default/blue-other' }, { name: 'default/other' }], problems: [] });
  fc.assert(
    fc.property(fc.constantFrom(...paths), odd, (path, value) => {
      const model = buildBoth(spoilt(path, value));
      expect(partOfOther(model)).toEqual(expected);
      for (const revision of model.revisions) expect(revision).toMatchObject(wellFormedRevision);
      for (const { splits, name } of model.routes) {
        expect(name).toBeTypeOf('string');
        for (const { percent } of splits) expect(percent).toSatisfy(Number.isInteger);
      }
    }),
    { numRuns: 2000 },
  );
});

/** Numbers and texts where the model says so, whatever was written into the objects. */
const wellFormedRevision = {
  name: expect.any(String),
  configuration: expect.any(String),
  containerConcurrency: expect.any(Number),
  timeoutSeconds: expect.any(Number),
  protocol: expect.stringMatching(/^(http1|h2c)$/),
  mode: expect.stringMatching(/^(Serve|Proxy)$/),
};

describe('an object that is not what its type says is left out and named', () => {
  test.each<[string, Path, unknown, string, string]>([
    ['Route', ['routes', 0, 'status', 'traffic'], 5, 'status.traffic', 'is 5, must be a list'],
    ['Route', ['routes', 0, 'status', 'traffic', 0, 'percent'], 101, 'status.traffic[0].percent', 'is 101, must be a whole number from 0 to 100'],
    ['Route', ['routes', 0, 'metadata', 'labels'], { a: 1 }, 'metadata.labels.a', 'is 1, must be text'],
    ['Revision', ['revisions', 0, 'spec'], undefined, 'spec', 'is missing'],
    ['Revision', ['revisions', 0, 'spec', 'containers', 0], null, 'spec.containers[0]', 'is null, must be an object'],
    ['Revision', ['revisions', 0, 'spec', 'timeoutSeconds'], '60', 'spec.timeoutSeconds', 'is "60", must be a whole number from 0'],
    ['PodAutoscaler', ['podAutoscalers', 0, 'spec', 'containerConcurrency'], -1, 'spec.containerConcurrency', 'is -1, must be a whole number from 0'],
    ['ServerlessService', ['serverlessServices', 0, 'spec', 'mode'], 'Both', 'spec.mode', 'is "Both", must be Serve or Proxy'],
    ['EndpointSlice', ['endpointSlices', 0, 'endpoints'], 7, 'endpoints', 'is 7, must be a list'],
    ['EndpointSlice', ['endpointSlices', 0, 'endpoints', 0, 'addresses'], undefined, 'endpoints[0].addresses', 'is missing'],
  ])('%s with an odd %j', (kind, path, value, at, message) => {
    const [problem] = buildBoth(spoilt(path, value)).problems;
    expect(problem).toMatchObject({ kind, namespace: 'default', name: expect.stringMatching(/^hello/) });
    expect(problem?.problem).toEqual({ path: at, message, severity: 'error' });
  });

  test('also where it has no name to be called by', () => {
    expect(buildBoth(spoilt(['revisions', 0], 5)).problems[0]).toEqual({
      kind: 'Revision',
      namespace: '',
      name: '',
      problem: { path: '', message: 'is 5, must be an object', severity: 'error' },
    });
  });

  test('a list that Go has written as null is an empty one', () => {
    expect(buildBoth(spoilt(['endpointSlices', 0, 'endpoints'], null)).problems).toEqual([]);
  });
});
