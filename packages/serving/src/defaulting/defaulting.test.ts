import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Container } from '../api/pod-spec.ts';
import type { RevisionSpec } from '../api/revision.ts';
import { defaultDefaults } from '../config/defaults-config.ts';
import { defaultFeatures, type FeaturesConfig } from '../config/features-config.ts';
import { aService } from '../testing/index.ts';
import { defaultService } from './default-objects.ts';
import { defaultRevisionSpec } from './default-revision-spec.ts';
import { defaultTraffic } from './default-traffic.ts';

const tcpProbe = { successThreshold: 1, tcpSocket: {} };

function withDefaults(spec: RevisionSpec, config = {}): RevisionSpec {
  return defaultRevisionSpec(spec, { defaults: { ...defaultDefaults, ...config }, features: defaultFeatures });
}

describe('a revision gets', () => {
  test('a name, a probe and limits where it says nothing', () => {
    expect(withDefaults({ containers: [{}] })).toEqual({
      containerConcurrency: 0,
      timeoutSeconds: 300,
      enableServiceLinks: false,
      containers: [{ name: 'user-container', readinessProbe: tcpProbe }],
    });
  });

  test('the default timeout also for an explicit 0', () => {
    expect(withDefaults({ timeoutSeconds: 0 }, { revisionTimeoutSeconds: 456 }).timeoutSeconds).toBe(456);
  });

  test('further timeouts only where they would strike earlier', () => {
    const config = {
      revisionTimeoutSeconds: 400,
      revisionResponseStartTimeoutSeconds: 50,
      revisionIdleTimeoutSeconds: 100,
    };
    expect(withDefaults({}, config)).toMatchObject({
      timeoutSeconds: 400,
      responseStartTimeoutSeconds: 50,
      idleTimeoutSeconds: 100,
    });
    expect(withDefaults({ timeoutSeconds: 50 }, config)).not.toHaveProperty('responseStartTimeoutSeconds');
    expect(withDefaults({ idleTimeoutSeconds: 7 }, config).idleTimeoutSeconds).toBe(7);
  });

  test('numbered names that nobody has taken', () => {
    const containers = [
      { name: '' },
      { name: 'user-container-0', ports: [{ containerPort: 1 }] },
      { name: 'mine' },
      {},
    ];
    expect(withDefaults({ containers }).containers?.map(({ name }) => name)).toEqual([
      'user-container-1',
      'user-container-0',
      'mine',
      'user-container-2',
    ]);
  });

  test('a probe only where requests arrive', () => {
    const { containers } = withDefaults({ containers: [{ ports: [{ containerPort: 80 }] }, {}] });
    expect(containers?.map(({ readinessProbe }) => readinessProbe)).toEqual([tcpProbe, undefined]);
  });

  test('probe numbers that depend on who keeps the rhythm', () => {
    const probe = (periodSeconds: number) =>
      withDefaults({ containers: [{ readinessProbe: { httpGet: { path: '/' }, periodSeconds } }] });
    expect(probe(0).containers?.[0]?.readinessProbe).toEqual({
      httpGet: { path: '/' },
      periodSeconds: 0,
      successThreshold: 1,
    });
    expect(probe(5).containers?.[0]?.readinessProbe).toMatchObject({
      successThreshold: 1,
      failureThreshold: 3,
      timeoutSeconds: 1,
    });
  });

  test('mounts that it may only read, except of volumes of its own', () => {
    const spec = {
      volumes: [
        { name: 'own', emptyDir: {} },
        { name: 'shared', secret: {} },
      ],
      containers: [
        {
          volumeMounts: [
            { name: 'own', mountPath: '/a' },
            { name: 'shared', mountPath: '/b' },
          ],
        },
      ],
    };
    expect(withDefaults(spec).containers?.[0]?.volumeMounts).toEqual([
      { name: 'own', mountPath: '/a' },
      { name: 'shared', mountPath: '/b', readOnly: true },
    ]);
  });

  test('the resources that the cluster gives', () => {
    const config = { requests: { cpu: '100m' }, limits: {} };
    const { containers } = withDefaults({ containers: [{}, { resources: { requests: { cpu: '1' } } }] }, config);
    expect(containers?.map(({ resources }) => resources)).toEqual([
      { requests: { cpu: '100m' } },
      { requests: { cpu: '1' } },
    ]);
  });
});

describe('where pods are secured', () => {
  const secured = (spec: RevisionSpec, mode: FeaturesConfig['secure-pod-defaults']) =>
    defaultRevisionSpec(spec, { defaults: defaultDefaults, features: { ...defaultFeatures, 'secure-pod-defaults': mode } });
  const contexts = ({ containers = [], initContainers = [] }: RevisionSpec) =>
    [...initContainers, ...containers].map(({ securityContext }) => securityContext);
  const restricted = {
    allowPrivilegeEscalation: false,
    seccompProfile: { type: 'RuntimeDefault' },
    capabilities: { drop: ['ALL'] },
    runAsNonRoot: true,
  };

  test('a container that says nothing may do nothing special', () => {
    expect(contexts(secured({ containers: [{}], initContainers: [{}] }, 'Enabled'))).toEqual([restricted, restricted]);
    expect(contexts(secured({ containers: [{}] }, 'Disabled'))).toEqual([undefined]);
  });

  test('root stays where it is only bounded', () => {
    const { runAsNonRoot: _, ...bounded } = restricted;
    expect(contexts(secured({ containers: [{}] }, 'AllowRootBounded'))).toEqual([bounded]);
  });

  test('a low port may be bound', () => {
    const [context] = contexts(secured({ containers: [{ ports: [{ containerPort: 80 }] }] }, 'Enabled'));
    expect(context).toMatchObject({ capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] } });
  });

  test('what is said stays, at the container and at the pod', () => {
    const own = { allowPrivilegeEscalation: true, capabilities: { add: ['NET_ADMIN'] } };
    const spec = { containers: [{ securityContext: own }], securityContext: { runAsNonRoot: false, seccompProfile: { type: 'Unconfined' } } };
    expect(contexts(secured(spec as RevisionSpec, 'Enabled'))).toEqual([own]);
  });
});

test('containers are named after their parent where the cluster says so', () => {
  const config = {
    defaults: { ...defaultDefaults, containerNameTemplate: '{{.Name}}-app', initContainerNameTemplate: '{{.Name}}-init' },
    features: defaultFeatures,
  };
  const { template } = defaultService(aService('web', { spec: { containers: [{}], initContainers: [{}, {}] } }), config).spec;
  expect(template.spec.containers?.map(({ name }) => name)).toEqual(['web-app']);
  expect(template.spec.initContainers?.map(({ name }) => name)).toEqual(['web-init-0', 'web-init-1']);
});

describe('traffic', () => {
  test('goes to the latest revision where nothing is said', () => {
    expect(defaultTraffic(undefined)).toEqual([{ latestRevision: true, percent: 100 }]);
    expect(defaultTraffic([], 'hello')).toEqual([{ configurationName: 'hello', latestRevision: true, percent: 100 }]);
  });

  test('to a named revision does not follow the latest', () => {
    expect(defaultTraffic([{ revisionName: 'a', percent: 10 }, { tag: 'next' }])).toEqual([
      { revisionName: 'a', latestRevision: false, percent: 10 },
      { tag: 'next', latestRevision: true, percent: 0 },
    ]);
  });
});

test('filling in twice is the same as once', () => {
  const container = fc.record<Container>(
    {
      name: fc.constantFrom('', 'a', 'user-container-0'),
      ports: fc.constantFrom([], [{ containerPort: 8080 }]),
      readinessProbe: fc.constantFrom({}, { periodSeconds: 0 }, { periodSeconds: 3, httpGet: { path: '/' } }),
      volumeMounts: fc.constantFrom([], [{ name: 'v', mountPath: '/v' }]),
    },
    { requiredKeys: [] },
  );
  const spec = fc.record<RevisionSpec>(
    {
      containerConcurrency: fc.nat(10),
      timeoutSeconds: fc.nat(600),
      idleTimeoutSeconds: fc.nat(600),
      containers: fc.array(container, { maxLength: 4 }),
      volumes: fc.constantFrom([], [{ name: 'v', emptyDir: {} }], [{ name: 'v', secret: {} }]),
    },
    { requiredKeys: [] },
  );
  const defaults = { ...defaultDefaults, revisionResponseStartTimeoutSeconds: 100, revisionIdleTimeoutSeconds: 60 };
  const config = { defaults, features: { ...defaultFeatures, 'secure-pod-defaults': 'Enabled' } as const };
  fc.assert(
    fc.property(spec, (given) => {
      const once = defaultService(aService('hello', { spec: given }), config);
      expect(defaultService(once, config)).toEqual(once);
    }),
  );
});
