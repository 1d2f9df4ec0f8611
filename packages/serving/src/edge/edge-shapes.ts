/** What is read of each kind, so that one odd object costs the others nothing. Nobody has checked them but a schema that is not ours. */
import type { Problem } from '@sluice/kernel';
import { countUpTo, flag, list, mapOf, orNull, record, required, text, type Shape } from '../model/shape.ts';
import type { EdgeObjects } from './build-edge.ts';

const metadata = required(record({ namespace: text, name: required(text), creationTimestamp: text, deletionTimestamp: text, labels: mapOf(text), annotations: mapOf(text) }));
const port = countUpTo(65_535);
const reference = { group: text, kind: text, namespace: text, name: required(text) };
const pair = record({ name: required(text), value: required(text) });
const modifier = record({ set: list(pair), add: list(pair), remove: list(text) });
const pathModifier = record({ type: required(text), replaceFullPath: text, replacePrefixMatch: text });
const weight = countUpTo(1_000_000);
const filters = (backend: Shape): Shape =>
  list(
    record({
      type: required(text),
      requestHeaderModifier: modifier,
      responseHeaderModifier: modifier,
      requestRedirect: record({ scheme: text, hostname: text, path: pathModifier, port, statusCode: countUpTo(599) }),
      urlRewrite: record({ hostname: text, path: pathModifier }),
      requestMirror: record({ backendRef: required(backend), percent: countUpTo(100), fraction: record({ numerator: required(weight), denominator: weight }) }),
      cors: record({ allowOrigins: list(text), allowCredentials: flag, allowMethods: list(text), allowHeaders: list(text), exposeHeaders: list(text), maxAge: countUpTo(0x7fff_ffff) }),
    }),
  );
const plainBackend = record({ ...reference, port, weight });
const backendRefs = list(record({ ...reference, port, weight, filters: filters(plainBackend) }));
const namedMatches = list(record({ type: text, name: required(text), value: required(text) }));
const session = record({ sessionName: text, absoluteTimeout: text, idleTimeout: text, type: text, cookieConfig: record({ lifetimeType: text }) });
const parents = { parentRefs: list(record({ ...reference, sectionName: text, port })), hostnames: list(text) };

const ingressBackend = record({ service: record({ name: required(text), port: record({ name: text, number: port }) }) });

const shapes: Readonly<Record<keyof EdgeObjects, Shape>> = {
  gatewayClasses: record({ metadata, spec: required(record({ controllerName: required(text) })) }),
  gateways: record({
    metadata,
    spec: required(
      record({
        gatewayClassName: required(text),
        addresses: list(record({ type: text, value: text })),
        infrastructure: record({}),
        tls: record({}),
        listeners: list(
          record({
            name: required(text),
            hostname: text,
            port: required(port),
            protocol: required(text),
            tls: record({ mode: text, certificateRefs: list(record(reference)), options: mapOf(text) }),
            allowedRoutes: record({
              kinds: list(record({ group: text, kind: required(text) })),
              namespaces: record({ from: text, selector: record({ matchLabels: mapOf(text), matchExpressions: list(record({ key: required(text), operator: required(text), values: list(text) })) }) }),
            }),
          }),
        ),
      }),
    ),
  }),
  httpRoutes: record({
    metadata,
    spec: required(
      record({
        ...parents,
        rules: list(
          record({
            name: text,
            sessionPersistence: session,
            matches: list(record({ path: record({ type: text, value: text }), headers: namedMatches, queryParams: namedMatches, method: text })),
            filters: filters(plainBackend),
            backendRefs,
            timeouts: record({ request: text, backendRequest: text }),
            retry: record({ codes: list(countUpTo(599)), attempts: countUpTo(1_000), backoff: text }),
          }),
        ),
      }),
    ),
  }),
  grpcRoutes: record({
    metadata,
    spec: required(
      record({ ...parents, rules: list(record({ name: text, sessionPersistence: session, matches: list(record({ method: record({ type: text, service: text, method: text }), headers: namedMatches })), filters: filters(plainBackend), backendRefs })) }),
    ),
  }),
  tlsRoutes: record({ metadata, spec: required(record({ ...parents, rules: list(record({ name: text, backendRefs })) })) }),
  tcpRoutes: record({ metadata, spec: required(record({ ...parents, rules: list(record({ name: text, backendRefs })) })) }),
  backendTlsPolicies: record({
    metadata,
    spec: required(
      record({
        targetRefs: required(list(record({ group: text, kind: required(text), name: required(text), sectionName: text }))),
        validation: required(
          record({
            caCertificateRefs: list(record({ group: text, kind: required(text), name: required(text) })),
            wellKnownCACertificates: text,
            hostname: required(text),
            subjectAltNames: list(record({ type: required(text), hostname: text, uri: text })),
          }),
        ),
        options: mapOf(text),
      }),
    ),
  }),
  referenceGrants: record({
    metadata,
    spec: required(record({ from: required(list(record({ group: required(text), kind: required(text), namespace: required(text) }))), to: required(list(record({ group: required(text), kind: required(text), name: text }))) })),
  }),
  ingressClasses: record({ metadata, spec: record({ controller: text }) }),
  ingresses: record({
    metadata,
    spec: record({
      ingressClassName: text,
      defaultBackend: ingressBackend,
      rules: list(record({ host: text, http: record({ paths: orNull(list(record({ path: text, pathType: required(text), backend: required(ingressBackend) }))) }) })),
      tls: list(record({ hosts: list(text), secretName: text })),
    }),
  }),
};

/** The first thing that is not as its type says. */
export function edgeOddity(of: keyof EdgeObjects, object: unknown): Problem | undefined {
  return shapes[of](object, '');
}
