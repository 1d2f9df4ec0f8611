/** What whoever writes an object of serving is answered: defaults, their name, complaints in Knative's words. */
import { assert, boolean, constant, constantFrom, integer, oneof, property, string } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defaultServingConfig, servingConfigMaps } from '../config/serving-config.ts';
import { aConfiguration, aRevision, aRoute, aService } from '../testing/index.ts';
import { describeProblems } from '../validation/field-problem.ts';
import type { AdmissionRules } from './admission-rules.ts';
import { admit, refusalOf, type AdmissionAnswer, type AdmissionRequest } from './admit.ts';
import { checkConfigMap } from './check-config-map.ts';

const rules: AdmissionRules = { config: defaultServingConfig, checkScaling: () => [] };
const serving = (kind: string) => ({ group: 'serving.knative.dev', kind });
const creator = 'serving.knative.dev/creator';
const lastModifier = 'serving.knative.dev/lastModifier';

function write(kind: string, object: unknown, more: Partial<AdmissionRequest> = {}, given = rules): AdmissionAnswer {
  const operation = more.oldObject === undefined ? 'CREATE' : 'UPDATE';
  return admit({ kind: serving(kind), operation, userInfo: { username: 'ewe' }, object, ...more }, given);
}

function complaints(answer: AdmissionAnswer): string[] {
  const text = describeProblems(answer.errors);
  return text === '' ? [] : text.split('\n');
}

function stored<T>(kind: string, object: T): T {
  return write(kind, object).object as T;
}

describe('a new object', () => {
  test('gets its defaults, and the name of who made it', () => {
    const { object, errors } = write('Service', aService('hello', { metadata: { annotations: { [creator]: 'forged', other: 'stays' } } }));
    expect(errors).toEqual([]);
    expect(object).toMatchObject({
      metadata: { annotations: { [creator]: 'ewe', [lastModifier]: 'ewe', other: 'stays' } },
      spec: {
        template: { spec: { timeoutSeconds: 300, containerConcurrency: 0, enableServiceLinks: false, containers: [{ name: 'user-container' }] } },
        traffic: [{ latestRevision: true, percent: 100 }],
      },
    });
  });

  test('is told everything that is wrong with it, at once', () => {
    const answer = write('Service', aService('do.not', { spec: { containers: [{}], timeoutSeconds: 9999 }, traffic: [{ percent: 5 }] }));
    expect(complaints(answer)).toEqual([
      'Traffic targets sum to 5, want 100: spec.traffic',
      'expected 0 <= 9999 <= 600: spec.template.spec.timeoutSeconds',
      'missing field(s): spec.template.spec.containers[0].image',
      expect.stringMatching(/^not a DNS 1035 label: .*: metadata.name$/),
    ]);
    expect(refusalOf(answer.errors)).toMatch(/^validation failed: Traffic targets sum to 5, want 100: spec.traffic\n/);
  });

  test('with nothing in it is told what is missing', () => {
    expect(complaints(write('Service', { metadata: { name: 'hello' } }))).toEqual(['missing field(s): spec.template.spec.containers']);
    expect(complaints(write('Route', { metadata: { name: 'hello' } }))).toEqual(['Traffic targets sum to 0, want 100: spec.traffic']);
  });

  test('of a DomainMapping is in its namespace, and so is what it leads to', () => {
    const ref = { apiVersion: 'serving.knative.dev/v1', kind: 'Service', name: 'hello' };
    const { object, errors } = write('DomainMapping', { metadata: { name: 'www.example.com' }, spec: { ref } }, { namespace: 'team' });
    expect(errors).toEqual([]);
    expect(object).toMatchObject({ metadata: { namespace: 'team', annotations: { [creator]: 'ewe' } }, spec: { ref: { ...ref, namespace: 'team' } } });
    expect(complaints(write('DomainMapping', { metadata: { generateName: 'x-', namespace: 'team' }, spec: { ref } }))).toEqual([
      'invalid name "": name: Required value: metadata.name',
      'must not set the field(s): metadata.generateName',
    ]);
  });

  test('that a Service owns inherits who made that', () => {
    const ownerReferences = [{ apiVersion: 'serving.knative.dev/v1', kind: 'Service', name: 'hello', uid: 'u' }];
    const configuration = aConfiguration('hello', { metadata: { ownerReferences, annotations: { [creator]: 'ram' } } });
    expect(write('Configuration', configuration)).toEqual({ object: configuration, errors: [], warnings: [] });
    expect(write('Route', aRoute('hello', [{ revisionName: 'a', percent: 100 }], { ownerReferences })).object).not.toHaveProperty('metadata.annotations');
  });

  test('whose user nobody knows is nobody’s', () => {
    expect(write('Service', aService('hello'), { userInfo: {} }).object).not.toHaveProperty('metadata.annotations');
  });
});

describe('a changed object', () => {
  const before = stored('Service', aService('hello'));
  const changed = { ...before, spec: { ...before.spec, template: { spec: { containers: [{ image: 'example/other' }] } } } };

  test('names who changed what it asks for', () => {
    const { object, errors } = write('Service', changed, { oldObject: before, userInfo: { username: 'ram' } });
    expect(errors).toEqual([]);
    expect(object).toMatchObject({ metadata: { annotations: { [creator]: 'ewe', [lastModifier]: 'ram' } } });
  });

  test('names nobody for a label', () => {
    const labelled = { ...before, metadata: { ...before.metadata, labels: { tier: 'front' } } };
    expect(write('Service', labelled, { oldObject: before, userInfo: { username: 'ram' } }).object).toEqual(labelled);
  });

  test.each([
    ['creator', { [creator]: 'ram', [lastModifier]: 'ewe' }, `annotation value is immutable: metadata.annotations.${creator}`],
    ['last modifier', { [creator]: 'ewe', [lastModifier]: 'ram' }, `invalid value: ram: metadata.annotations.${lastModifier}`],
  ])('cannot change its %s by hand', (_, annotations, expected) => {
    for (const kind of ['Service', 'Route', 'DomainMapping']) {
      const old = stored(kind, kind === 'Route' ? aRoute('hello', [{ revisionName: 'a', percent: 100 }]) : kind === 'Service' ? before : {
        metadata: { name: 'www.example.com', namespace: 'default' },
        spec: { ref: { apiVersion: 'v1', kind: 'Service', name: 'hello', namespace: 'default' } },
      }) as { metadata: object };
      expect(complaints(write(kind, { ...old, metadata: { ...old.metadata, annotations } }, { oldObject: old }))).toEqual([expected]);
    }
  });

  test('gets no links to other Services that it was made without', () => {
    const { enableServiceLinks: _, ...spec } = before.spec.template.spec;
    const old = { ...before, spec: { ...before.spec, template: { spec } } };
    expect(write('Service', old, { oldObject: old }).object).toEqual(old);
  });

  test('does not change a Revision', () => {
    const old = stored('Revision', aRevision('hello', 1, { metadata: { ownerReferences: [{ apiVersion: '', kind: 'Configuration', name: 'hello', uid: '' }] } }));
    const marked = { ...old, metadata: { ...old.metadata, annotations: { 'serving.knative.dev/routes': 'hello' } } };
    expect(write('Revision', marked, { oldObject: old })).toEqual({ object: marked, errors: [], warnings: [] });
    const other = { ...old, spec: { ...old.spec, timeoutSeconds: 5, containers: [{ ...old.spec.containers?.[0], image: 'example/other' }] } };
    expect(complaints(write('Revision', other, { oldObject: old }))).toEqual([
      'Immutable fields changed (-old +new): spec',
      '*{v1.RevisionSpec}.TimeoutSeconds:',
      '\t-: "300"',
      '\t+: "5"',
      '{v1.RevisionSpec}.PodSpec.Containers[0].Image:',
      '\t-: "example/hello"',
      '\t+: "example/other"',
      '',
    ]);
  });
});

describe('a Revision that is named', () => {
  const named = (name: string, image: string) => aService('hello', { template: { name }, spec: { containers: [{ image }] } });

  test('stands for what it was named for', () => {
    const old = stored('Service', named('hello-one', 'example/a'));
    const retold = { ...old, spec: { ...old.spec, template: { ...old.spec.template, spec: { ...old.spec.template.spec, containers: [{ ...old.spec.template.spec.containers?.[0], image: 'example/b' }] } } } };
    expect(complaints(write('Service', retold, { oldObject: old }))).toEqual([
      'Saw the following changes without a name change (-old +new): spec.template.metadata.name',
      '{*v1.RevisionTemplateSpec}.Spec.PodSpec.Containers[0].Image:',
      '\t-: "example/a"',
      '\t+: "example/b"',
      '',
    ]);
    expect(complaints(write('Service', { ...named('hello-two', 'example/b'), metadata: old.metadata }, { oldObject: old }))).toEqual([]);
  });

  test('is left as it is when defaults have changed', () => {
    const old = stored('Service', named('hello-one', 'example/a'));
    const config = { ...defaultServingConfig, defaults: { ...defaultServingConfig.defaults, requests: { cpu: '400m' } } };
    const labelled = { ...old, metadata: { ...old.metadata, labels: { tier: 'front' } } };
    expect(write('Service', labelled, { oldObject: old }, { ...rules, config })).toMatchObject({ object: labelled, errors: [] });
  });
});

describe('what is not judged', () => {
  const wrong = aService('not.a.name');

  test.each<[string, Partial<AdmissionRequest>]>([
    ['what controllers say of an object', { subResource: 'status', oldObject: wrong }],
    ['an object that goes', { object: { ...wrong, metadata: { ...wrong.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } }, oldObject: wrong }],
    ['its deletion', { operation: 'DELETE', object: undefined, oldObject: wrong }],
    ['a Service of Kubernetes', { kind: { group: '', kind: 'Service' } }],
  ])('%s', (_, more) => {
    const object = 'object' in more ? more.object : wrong;
    expect(write('Service', wrong, more)).toEqual({ object, errors: [], warnings: [] });
  });
});

describe('warnings', () => {
  const told = 'Kubernetes default value is insecure, Knative may default this to secure in a future release';

  test('tell what containers may do because nobody says otherwise', () => {
    const spec = { containers: [{ image: 'a' }], securityContext: { runAsNonRoot: true, seccompProfile: { type: 'Unconfined' } } };
    const at = 'spec.template.spec.containers[0].securityContext';
    expect(write('Service', aService('hello', { spec })).warnings).toEqual([`${told}: ${at}.allowPrivilegeEscalation, ${at}.capabilities`]);
  });

  test('know the word that does nothing', () => {
    const securityContext = { runAsNonRoot: true, allowPrivilegeEscalation: false, seccompProfile: {}, capabilities: { drop: ['all'] } };
    const at = 'spec.template.spec.containers[0].securityContext';
    expect(write('Service', aService('hello', { spec: { containers: [{ image: 'a', securityContext }] } })).warnings).toEqual([
      `${told}: ${at}.seccompProfile.type`,
      `invalid value: all: ${at}.capabilities.drop\nMust be spelled as 'ALL'`,
    ]);
  });

  test('are not given where the cluster sees to it', () => {
    const config = { ...defaultServingConfig, features: { ...defaultServingConfig.features, 'secure-pod-defaults': 'AllowRootBounded' as const } };
    expect(write('Service', aService('hello'), {}, { ...rules, config }).warnings).toEqual([]);
  });
});

test('an Ingress is filled in and checked as Knative does', () => {
  const kind = { group: 'networking.internal.knative.dev', kind: 'Ingress' };
  const split = { serviceNamespace: 'default', serviceName: 'a', servicePort: 80 };
  const object = { metadata: { name: 'i', namespace: 'default' }, spec: { rules: [{ hosts: ['a.example'], http: { paths: [{ splits: [split] }] } }] } };
  expect(admit({ kind, operation: 'CREATE', object }, rules)).toEqual({
    object: { ...object, spec: { httpOption: 'Enabled', rules: [{ hosts: ['a.example'], visibility: 'ExternalIP', http: { paths: [{ splits: [{ ...split, percent: 100 }] }] } }] } },
    errors: [],
    warnings: [],
  });
  expect(complaints(admit({ kind, operation: 'CREATE', object: { metadata: { name: 'i' }, spec: {} } }, rules))).toEqual(['missing field(s): spec']);
});

test('no object makes it throw, whatever stands where', () => {
  const odd = oneof(constant(null), integer(), string(), boolean(), constant([]), constant({}), constant([null]), constant([[]]));
  const objects = [
    aService('hello', { template: { name: 'hello-a' }, spec: { volumes: [{ name: 'v', secret: {} }], containers: [{ image: 'a', env: [{ name: 'A' }], ports: [{ containerPort: 1 }], readinessProbe: { httpGet: {} }, volumeMounts: [{ name: 'v', mountPath: '/v' }], resources: { limits: { cpu: '1' } } }] }, traffic: [{ percent: 100, tag: 't' }] }),
    aRevision('hello'),
    aRoute('hello', [{ revisionName: 'a', percent: 100 }]),
    { kind: 'DomainMapping', metadata: { name: 'a.b' }, spec: { ref: { name: 'x' }, tls: { secretName: 's' } } },
  ];
  const places = (value: unknown, path: readonly (string | number)[] = []): (readonly (string | number)[])[] =>
    typeof value !== 'object' || value === null ? [path] : [path, ...Object.entries(value).flatMap(([key, inner]) => places(inner, [...path, key]))];
  const put = (value: unknown, [head, ...rest]: readonly (string | number)[], inner: unknown): unknown => {
    if (head === undefined) return inner;
    if (Array.isArray(value)) return value.map((element, index) => (String(index) === String(head) ? put(element, rest, inner) : element));
    return { ...(value as object), [head]: put((value as Record<string, unknown>)[head], rest, inner) };
  };
  const spots = objects.flatMap((object) => places(object).map((place) => ({ object, place })));
  assert(
    property(constantFrom(...spots), odd, boolean(), ({ object, place }, inner, isOld) => {
      const spoilt = put(object, place, inner);
      const { kind } = object;
      const given = isOld ? { object, oldObject: spoilt } : { object: spoilt, oldObject: object };
      for (const operation of ['CREATE', 'UPDATE'] as const) expect(admit({ kind: serving(kind), operation, ...given }, rules).errors).toBeInstanceOf(Array);
    }),
    { numRuns: 1000 },
  );
});

test('a ConfigMap that could not be used is refused, and so is one whose example is edited', () => {
  const map = (data: Record<string, string>) => ({ metadata: { name: 'config-gc', annotations: { 'knative.dev/example-checksum': '3294537f' } }, data });
  expect(checkConfigMap(servingConfigMaps, map({ 'min-non-active-revisions': '-1' }))).toHaveLength(1);
  expect(checkConfigMap(servingConfigMaps, map({ _example: '\n# an example\n' }))).toEqual([]);
  expect(checkConfigMap(servingConfigMaps, map({ _example: '\n# no more\n' }))).toMatchObject([{ path: '', message: expect.stringContaining('_example') }]);
  expect(checkConfigMap(servingConfigMaps, { metadata: { name: 'another' }, data: { 'min-non-active-revisions': '-1' } })).toEqual([]);
});
