/**
 * What the model reads of each kind of object. An API takes what its schema lets pass, which is more than our types
 * say, and one object must not cost the others their place in the model: so the odd are left out, and named.
 */
import type { Problem } from '@sluice/kernel';
import type { ObjectProblem } from '../serving-model.ts';
import type { Ingress } from '../api/ingress.ts';
import { validateIngress } from '../ingress/validate-ingress.ts';
import { secretProblem, type SecretView } from './certificates.ts';
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
    ownerReferences: list(record({ apiVersion: text, kind: text, name: text, controller: flag })),
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

const split = record({
  serviceNamespace: text,
  serviceName: text,
  percent: countUpTo(100),
  appendHeaders: mapOf(text),
});

const ingressPath = record({
  path: text,
  rewriteHost: text,
  headers: mapOf(record({ exact: text })),
  splits: list(split),
  appendHeaders: mapOf(text),
});

/** The spec of an Ingress, as far as anything reads it. */
export const ingressSpec = record({
  rules: list(record({ hosts: list(text), visibility: text, http: record({ paths: list(ingressPath) }) })),
  tls: list(record({ hosts: list(text), secretName: text, secretNamespace: text })),
  httpOption: text,
});

const kinds: { readonly [List in keyof Required<ServingObjects>]: { readonly kind: string; readonly shape: Shape } } = {
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
      addressType: text,
      endpoints: orNull(list(endpoint)),
      ports: orNull(list(record({ name: text, port: countUpTo(65_535) }))),
    }),
  },
  services: {
    kind: 'Service',
    shape: record({
      metadata,
      spec: record({ type: text, ports: orNull(list(record({ name: text, port: required(countUpTo(65_535)), protocol: text, appProtocol: text }))) }),
      status: record({ loadBalancer: record({ ingress: orNull(list(record({ ip: text, hostname: text }))) }) }),
    }),
  },
  ingresses: { kind: 'Ingress', shape: record({ metadata, spec: required(ingressSpec) }) },
  secrets: { kind: 'Secret', shape: record({ metadata, data: mapOf(text) }) },
};

/** Why an object cannot be used; undefined when it can. */
export function oddityOf(list: keyof ServingObjects, object: unknown): ObjectProblem | undefined {
  const { kind, shape } = kinds[list];
  const problem = shape(object, '') ?? brokenRule(list, object);
  return problem && { kind, ...identityOf(object), problem };
}

/** Routes have been through their controller; nobody has looked at an Ingress or a Secret of another's making. */
function brokenRule(list: keyof ServingObjects, object: unknown): Problem | undefined {
  if (list === 'secrets') return secretProblem(object as SecretView);
  return list === 'ingresses' ? validateIngress(object as Ingress)[0] : undefined;
}

/** As far as an odd object can say who it is. */
export function identityOf(object: unknown): { readonly namespace: string; readonly name: string } {
  const { metadata: own } = (object ?? {}) as { readonly metadata?: unknown };
  const { namespace, name } = (own ?? {}) as { readonly namespace?: unknown; readonly name?: unknown };
  return { namespace: typeof namespace === 'string' ? namespace : '', name: typeof name === 'string' ? name : '' };
}
