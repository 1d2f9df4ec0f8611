/**
 * What the model reads of each kind of object. An API takes what its schema lets pass, which is more than our types
 * say, and one object must not cost the others their place in the model: so the odd are left out, and named.
 */
import type { ObjectProblem } from '../serving-model.ts';
import type { ServingObjects } from './serving-objects.ts';
import { count, countUpTo, flag, list, mapOf, oneOf, orNull, record, required, text, type Shape } from './shape.ts';

const metadata = required(
  record({
    name: required(text),
    namespace: text,
    labels: mapOf(text),
    annotations: mapOf(text),
    creationTimestamp: text,
    deletionTimestamp: text,
  }),
);

const trafficTarget = record({
  revisionName: text,
  configurationName: text,
  latestRevision: flag,
  percent: countUpTo(100),
  tag: text,
});

const endpoint = record({
  addresses: required(list(text)),
  conditions: record({ ready: flag, terminating: flag }),
  targetRef: record({ kind: text, name: text }),
});

const kinds: { readonly [List in keyof ServingObjects]: { readonly kind: string; readonly shape: Shape } } = {
  routes: { kind: 'Route', shape: record({ metadata, status: record({ traffic: orNull(list(trafficTarget)) }) }) },
  revisions: {
    kind: 'Revision',
    shape: record({
      metadata,
      spec: required(
        record({
          containerConcurrency: count,
          timeoutSeconds: count,
          responseStartTimeoutSeconds: count,
          idleTimeoutSeconds: count,
          containers: list(record({ ports: list(record({ name: text })) })),
        }),
      ),
    }),
  },
  podAutoscalers: { kind: 'PodAutoscaler', shape: record({ metadata, spec: required(record({ containerConcurrency: count })) }) },
  serverlessServices: {
    kind: 'ServerlessService',
    shape: record({ metadata, spec: required(record({ mode: oneOf('Serve', 'Proxy'), numActivators: count })) }),
  },
  endpointSlices: {
    kind: 'EndpointSlice',
    shape: record({
      metadata,
      endpoints: orNull(list(endpoint)),
      ports: orNull(list(record({ name: text, port: countUpTo(65_535) }))),
    }),
  },
};

/** The objects of one list that are what their type says; `problems` takes what is wrong with the others. */
export function readableObjects<List extends keyof ServingObjects>(
  objects: ServingObjects,
  name: List,
  problems: ObjectProblem[],
): ServingObjects[List][number][] {
  const { kind, shape } = kinds[name];
  return objects[name].filter((object) => {
    const problem = shape(object, '');
    if (problem) problems.push({ kind, ...identityOf(object), problem });
    return !problem;
  });
}

/** As far as an odd object can say who it is. */
function identityOf(object: unknown): { readonly namespace: string; readonly name: string } {
  const { metadata: own } = (object ?? {}) as { readonly metadata?: unknown };
  const { namespace, name } = (own ?? {}) as { readonly namespace?: unknown; readonly name?: unknown };
  return { namespace: typeof namespace === 'string' ? namespace : '', name: typeof name === 'string' ? name : '' };
}
