/** What a cluster opens by a flag, and what is said where it does not. */
import { describe, expect, test } from 'vitest';
import type { Container, Volume } from '../api/pod-spec.ts';
import type { RevisionSpec } from '../api/revision.ts';
import { defaultDefaults } from '../config/defaults-config.ts';
import { defaultFeatures, type Feature } from '../config/features-config.ts';
import { describeProblems, toProblems } from './field-problem.ts';
import { flaggedPodFields } from './pod-fields.ts';
import { checkRevisionSpec } from './revision-spec.ts';

const container: Container = { image: 'a' };

function problemsOf(spec: object, ...enabled: readonly (Feature | 'secure-pod-defaults')[]): string[] {
  const features = { ...defaultFeatures, ...Object.fromEntries(enabled.map((flag) => [flag, 'Enabled'])) };
  const text = describeProblems(toProblems(checkRevisionSpec(spec as RevisionSpec, { defaults: defaultDefaults, features })));
  return text === '' ? [] : text.split('\n');
}

describe('fields of pods', () => {
  const values: Readonly<Record<string, unknown>> = { hostIPC: true, hostPID: true, hostNetwork: true, shareProcessNamespace: true };
  const fields = Object.entries(flaggedPodFields).filter(([field]) => field !== 'initContainers');

  test.each(fields)('%s needs %s', (field, flag) => {
    const spec = { containers: [container], [field]: values[field] ?? {} };
    expect(problemsOf(spec)).toEqual([`must not set the field(s): ${field}`]);
    expect(problemsOf(spec, flag)).toEqual([]);
  });

  test.each([
    'restartPolicy',
    'terminationGracePeriodSeconds',
    'activeDeadlineSeconds',
    'nodeName',
    'hostname',
    'subdomain',
    'readinessGates',
    'preemptionPolicy',
    'overhead',
    'ephemeralContainers',
  ])('%s is nobody’s to set', (field) => {
    expect(problemsOf({ containers: [container], [field]: 1 })).toEqual([`must not set the field(s): ${field}`]);
  });

  test('accounts have names of objects', () => {
    expect(problemsOf({ containers: [container], serviceAccountName: 'Robot' })[0]).toBe('invalid value: Robot: serviceAccountName');
  });
});

describe('init containers', () => {
  const spec = { containers: [{ ...container, name: 'app' }], initContainers: [{ image: 'b', name: 'setup' }] };

  test('need their flag', () => {
    expect(problemsOf(spec)).toEqual([
      'must not set the field(s): initContainers',
      'pod spec support for init-containers is off, but found 1 init containers',
    ]);
    expect(problemsOf(spec, 'kubernetes.podspec-init-containers')).toEqual([]);
  });

  test('are not probed, and have names of their own', () => {
    const odd = { containers: [{ image: 'a', name: 'app' }], initContainers: [{ image: 'b', name: 'app', readinessProbe: {} }] };
    expect(problemsOf(odd, 'kubernetes.podspec-init-containers')).toEqual([
      'duplicate container name "app": initContainers[0].name',
      'field not allowed in an init container: initContainers[0].readinessProbe',
    ]);
  });
});

describe('several containers', () => {
  const pair = (sidecar: Container) => ({ containers: [{ image: 'a', name: 'app', ports: [{ containerPort: 80 }] }, { name: 'beside', ...sidecar }] });

  test('can be switched off', () => {
    const features = { ...defaultFeatures, 'multi-container': 'Disabled' as const };
    const found = checkRevisionSpec(pair({ image: 'b' }), { defaults: defaultDefaults, features });
    expect(found.map(({ message }) => message)).toEqual(['multi-container is off, but found 2 containers']);
  });

  test('are all probed only where the cluster does so', () => {
    const probed = pair({ image: 'b', readinessProbe: { successThreshold: 1, tcpSocket: { port: 5000 } } });
    expect(problemsOf(probed)).toEqual(['must not set the field(s): containers[1].readinessProbe']);
    expect(problemsOf(probed, 'multi-container-probing')).toEqual([]);
    const odd = pair({ image: 'b', readinessProbe: { successThreshold: 1, failureThreshold: 2, tcpSocket: { port: 5000 } } });
    expect(problemsOf(odd, 'multi-container-probing')).toEqual([
      'failureThreshold is disallowed when periodSeconds is zero: containers[1].readinessProbe.failureThreshold',
    ]);
  });
});

describe('environment', () => {
  test('from fields of the pod needs its flag', () => {
    const spec = { containers: [{ ...container, env: [{ name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }] }] };
    expect(problemsOf(spec)).toEqual(['must not set the field(s): containers[0].env[0].valueFrom.fieldRef']);
    expect(problemsOf(spec, 'kubernetes.podspec-fieldref')).toEqual([]);
  });

  test('from elsewhere names one place', () => {
    const envFrom = [{ configMapRef: { name: 'a' } }, {}, { configMapRef: {}, secretRef: {} }];
    expect(problemsOf({ containers: [{ ...container, envFrom }] })).toEqual([
      'expected exactly one, got both: containers[0].envFrom[2].configMapRef, containers[0].envFrom[2].secretRef',
      'expected exactly one, got neither: containers[0].envFrom[1].configMapRef, containers[0].envFrom[1].secretRef',
    ]);
  });
});

describe('security', () => {
  const inContainer = (securityContext: object) => ({ containers: [{ ...container, securityContext }] });

  test('of a container stays within what Knative lets be said', () => {
    const fine = { runAsUser: 1, runAsGroup: 2, runAsNonRoot: true, readOnlyRootFilesystem: true, privileged: false, capabilities: { drop: ['ALL'] } };
    expect(problemsOf(inContainer(fine))).toEqual([]);
    expect(problemsOf(inContainer({ privileged: true, procMount: 'x', runAsUser: -1 }))).toEqual([
      'expected 0 <= -1 <= 2147483647: containers[0].securityContext.runAsUser',
      'must not set the field(s): containers[0].securityContext.privileged',
      'must not set the field(s): containers[0].securityContext.procMount',
    ]);
  });

  test('capabilities can be dropped, and only a low port can be asked for without the flag', () => {
    expect(problemsOf(inContainer({ capabilities: { add: ['NET_BIND_SERVICE'] } }))).toEqual([]);
    const more = inContainer({ capabilities: { add: ['NET_ADMIN'] } });
    expect(problemsOf(more)).toEqual(['must not set the field(s): containers[0].securityContext.capabilities.add']);
    expect(problemsOf(more, 'kubernetes.containerspec-addcapabilities')).toEqual([]);
  });

  test('of a pod needs its flag, and under secure defaults says only which profile', () => {
    const spec = { containers: [container], securityContext: { runAsUser: 1, seccompProfile: {}, sysctls: [] } };
    expect(problemsOf(spec)).toEqual(['must not set the field(s): securityContext']);
    expect(problemsOf(spec, 'kubernetes.podspec-securitycontext')).toEqual(['must not set the field(s): securityContext.sysctls']);
    expect(problemsOf(spec, 'secure-pod-defaults')).toEqual([
      'must not set the field(s): securityContext.runAsUser',
      'must not set the field(s): securityContext.sysctls',
    ]);
    const groups = { containers: [container], securityContext: { supplementalGroups: [1, -1] } };
    expect(problemsOf(groups, 'kubernetes.podspec-securitycontext')).toEqual([
      'expected 0 <= -1 <= 2147483647: securityContext.supplementalGroups[1]',
    ]);
  });
});

describe('volumes', () => {
  const mounted = (volume: object, mount: object = {}) => ({
    volumes: [{ name: 'v', ...volume } as Volume],
    containers: [{ ...container, volumeMounts: [{ name: 'v', mountPath: '/v', readOnly: true, ...mount }] }],
  });

  test.each<[string, Feature, object]>([
    ['HostPath', 'kubernetes.podspec-volumes-hostpath', { hostPath: { path: '/x' } }],
    ['CSI', 'kubernetes.podspec-volumes-csi', { csi: { driver: 'x' } }],
    ['Ephemeral', 'kubernetes.podspec-volumes-ephemeral', { ephemeral: {} }],
    ['Image', 'kubernetes.podspec-volumes-image', { image: { reference: 'x' } }],
  ])('%s needs %s', (title, flag, volume) => {
    expect(problemsOf(mounted(volume))).toEqual([
      `${title} volume support is disabled, but found ${title} volume v`,
      `must not set the field(s): volumes[0].${Object.keys(volume)[0]}`,
    ]);
    expect(problemsOf(mounted(volume), flag)).toEqual([]);
  });

  test('claims need one flag to be read and another to be written', () => {
    const claim = { persistentVolumeClaim: { claimName: 'data' } };
    expect(problemsOf(mounted(claim))).toEqual([
      'Persistent volume claim support is disabled, but found persistent volume claim data',
      'Persistent volume write support is disabled, but found persistent volume claim data that is not read-only',
      'must not set the field(s): volumes[0].persistentVolumeClaim',
    ]);
    expect(problemsOf(mounted(claim), 'kubernetes.podspec-persistent-volume-claim')).toHaveLength(1);
    const both = ['kubernetes.podspec-persistent-volume-claim', 'kubernetes.podspec-persistent-volume-write'] as const;
    expect(problemsOf(mounted(claim, { readOnly: false }), ...both)).toEqual([]);
    const readOnly = { persistentVolumeClaim: { claimName: 'data', readOnly: true } };
    expect(problemsOf(mounted(readOnly, { readOnly: false }), ...both)).toEqual([
      'volume is readOnly but volume mount is not: containers[0].volumeMounts[0].readOnly',
    ]);
  });

  test('propagation of mounts needs its flag', () => {
    const spec = mounted({ emptyDir: {} }, { mountPropagation: 'HostToContainer' });
    expect(problemsOf(spec)).toEqual([
      'Volume Mount Propagation support is disabled, but found volume mount v with mount propagation: ',
      'must not set the field(s): containers[0].volumeMounts[0].mountPropagation',
    ]);
    expect(problemsOf(spec, 'kubernetes.podspec-volumes-mount-propagation')).toEqual([]);
  });

  test('a source that is shared is mounted to be read', () => {
    expect(problemsOf(mounted({ secret: {} }, { readOnly: false }))).toEqual([
      'volume mount should be readOnly for this type of volume: containers[0].volumeMounts[0].readOnly',
    ]);
  });

  test('without a source, those that there are here are named', () => {
    expect(problemsOf(mounted({}))).toEqual([
      'expected exactly one, got neither: volumes[0].configMap, volumes[0].emptyDir, volumes[0].projected, volumes[0].secret',
    ]);
  });

  test('projections are looked into', () => {
    const sources = [{ secret: {} }, { configMap: { items: [{ path: 'p' }] } }, {}, { downwardAPI: { items: [{ path: 'x' }] } }, { serviceAccountToken: {} }];
    expect(problemsOf(mounted({ projected: { sources } }))).toEqual([
      'expected exactly one, got neither: volumes[0].projected[2].configMap, volumes[0].projected[2].downwardAPI, ' +
        'volumes[0].projected[2].secret, volumes[0].projected[2].serviceAccountToken',
      'expected exactly one, got neither: volumes[0].projected[3].downwardAPI.items[0].fieldRef, ' +
        'volumes[0].projected[3].downwardAPI.items[0].resourceFieldRef',
      'missing field(s): volumes[0].projected[0].secret.name, volumes[0].projected[1].configMap.name, ' +
        'volumes[0].projected[1].configMap.items[0].key, volumes[0].projected[4].serviceAccountToken.path',
    ]);
  });

  test('memory is the only medium', () => {
    expect(problemsOf(mounted({ emptyDir: { medium: 'Paper', sizeLimit: '-1Gi' } }))).toEqual([
      'invalid value: -1Gi: volumes[0].emptyDir.sizeLimit',
      'invalid value: Paper: volumes[0].emptyDir.medium',
    ]);
  });
});

test('policies for last words are the two of Kubernetes', () => {
  expect(problemsOf({ containers: [{ ...container, terminationMessagePolicy: 'Shout' }] })).toEqual([
    'invalid value: Shout: containers[0].terminationMessagePolicy',
  ]);
});

test('parts that are something else than their type says throw nothing', () => {
  const odd = { ...container, securityContext: 5, resources: 'x', envFrom: [7], readinessProbe: { successThreshold: 1, tcpSocket: {} } };
  const spec = { containers: [odd], volumes: [{ name: 'v', projected: { sources: 3 } }], securityContext: [] };
  expect(() => problemsOf(spec, 'kubernetes.podspec-securitycontext')).not.toThrow();
});
