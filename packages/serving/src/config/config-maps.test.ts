/** What each ConfigMap may say, key by key, and what is said when it may not. */
import { describe, expect, test } from 'vitest';
import { defaultDefaults, fillContainerName, readDefaultsConfig } from './defaults-config.ts';
import { defaultDeployment, readDeploymentConfig, runtimeClassFor } from './deployment-config.ts';
import { defaultFeatures, featureKeys, isPermitted, readFeaturesConfig } from './features-config.ts';
import { defaultGc, readGcConfig } from './gc-config.ts';
import { defaultLeaderElection, readLeaderElectionConfig } from './leader-election-config.ts';
import { readLoggingConfig } from './logging-config.ts';
import { defaultNetwork, readNetworkConfig } from './network-config.ts';

function valueOf<T>(checked: { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problems: readonly object[] }): T {
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems));
  return checked.value;
}

function complaints(checked: { readonly problems: readonly { readonly path: string; readonly message: string }[] }): string[] {
  return checked.problems.map(({ path, message }) => `${path}: ${message}`);
}

describe('config-defaults', () => {
  test('every key has its place', () => {
    const data = {
      'revision-timeout-seconds': '100',
      'max-revision-timeout-seconds': '1200',
      'revision-response-start-timeout-seconds': '50',
      'revision-idle-timeout-seconds': '40',
      'revision-cpu-request': '400m',
      'revision-memory-request': '1Gi',
      'revision-ephemeral-storage-request': '10G',
      'revision-cpu-limit': '2',
      'revision-memory-limit': '2Gi',
      'revision-ephemeral-storage-limit': '20G',
      'container-name-template': 'c-{{.Name}}',
      'init-container-name-template': 'i-{{.Namespace}}',
      'container-concurrency': '5',
      'container-concurrency-max-limit': '50',
      'allow-container-concurrency-zero': 'false',
      'enable-service-links': 'TRUE',
    };
    expect(valueOf(readDefaultsConfig(data))).toEqual({
      revisionTimeoutSeconds: 100,
      maxRevisionTimeoutSeconds: 1200,
      revisionResponseStartTimeoutSeconds: 50,
      revisionIdleTimeoutSeconds: 40,
      containerConcurrency: 5,
      containerConcurrencyMaxLimit: 50,
      allowContainerConcurrencyZero: false,
      enableServiceLinks: true,
      requests: { cpu: '400m', memory: '1Gi', 'ephemeral-storage': '10G' },
      limits: { cpu: '2', memory: '2Gi', 'ephemeral-storage': '20G' },
      containerNameTemplate: 'c-{{.Name}}',
      initContainerNameTemplate: 'i-{{.Namespace}}',
    });
  });

  test('the time to the first byte is the whole time where nothing is said', () => {
    expect(valueOf(readDefaultsConfig({ 'revision-timeout-seconds': '120' })).revisionResponseStartTimeoutSeconds).toBe(120);
  });

  test.each([
    ['true', true],
    ['False', false],
    ['default', undefined],
    ['anything', undefined],
  ])('enable-service-links %s', (text, expected) => {
    expect(valueOf(readDefaultsConfig({ 'enable-service-links': text })).enableServiceLinks).toBe(expected);
  });

  test('amounts and templates that are none are refused', () => {
    expect(complaints(readDefaultsConfig({ 'revision-cpu-request': '400 m', 'container-name-template': '{{.Nmae}}' }))).toEqual([
      'data.revision-cpu-request: invalid value: 400 m, want an amount such as 25m or 400Mi',
      "data.container-name-template: invalid value: {{.Nmae}}, line 1: can't evaluate field Nmae",
    ]);
  });

  test('names of containers come from the metadata of the parent', () => {
    const parent = { name: 'web', namespace: 'shop', labels: { tier: 'front' } };
    expect(fillContainerName('{{.Name}}-{{.Namespace}}-{{index .Labels "tier"}}', parent, 'x')).toBe('web-shop-front');
  });
});

describe('config-features', () => {
  test('all flags stand at their defaults without a map', () => {
    expect(defaultFeatures).toMatchObject({ 'multi-container': 'Enabled', 'kubernetes.podspec-volumes-emptydir': 'Enabled' });
    const others = featureKeys.filter((key) => key !== 'multi-container' && key !== 'kubernetes.podspec-volumes-emptydir');
    expect(others.map((key) => defaultFeatures[key])).toEqual(others.map(() => 'Disabled'));
    expect(featureKeys).toHaveLength(33);
  });

  test.each(featureKeys)('%s can be set, in any case of letters', (key) => {
    expect(valueOf(readFeaturesConfig({ [key]: 'eNabled' }))[key]).toBe('Enabled');
    expect(valueOf(readFeaturesConfig({ [key]: 'disabled' }))[key]).toBe('Disabled');
  });

  test('what is no value leaves a flag at its default', () => {
    expect(valueOf(readFeaturesConfig({ 'multi-container': 'yes', 'secure-pod-defaults': 'Allowed' }))).toEqual(defaultFeatures);
  });

  test('allowed is permitted, disabled is not', () => {
    const features = valueOf(readFeaturesConfig({ 'kubernetes.podspec-affinity': 'allowed' }));
    expect(isPermitted(features, 'kubernetes.podspec-affinity')).toBe(true);
    expect(isPermitted(features, 'kubernetes.podspec-tolerations')).toBe(false);
  });

  test('pods may be secured with root left in', () => {
    expect(valueOf(readFeaturesConfig({ 'secure-pod-defaults': 'AllowRootBounded' }))['secure-pod-defaults']).toBe('AllowRootBounded');
  });
});

describe('config-gc', () => {
  test('without a map', () => {
    expect(valueOf(readGcConfig({}))).toEqual(defaultGc);
    expect(defaultGc).toEqual({
      retainSinceCreateTimeMs: 48 * 3_600_000,
      retainSinceLastActiveTimeMs: 15 * 3_600_000,
      minNonActiveRevisions: 20,
      maxNonActiveRevisions: 1000,
    });
  });

  test('each rule can be switched off, except that some are always kept', () => {
    const data = {
      'retain-since-create-time': 'disabled',
      'retain-since-last-active-time': 'Disabled',
      'max-non-active-revisions': 'disabled',
      'min-non-active-revisions': '0',
    };
    expect(valueOf(readGcConfig(data))).toEqual({
      retainSinceCreateTimeMs: undefined,
      retainSinceLastActiveTimeMs: undefined,
      maxNonActiveRevisions: undefined,
      minNonActiveRevisions: 0,
    });
  });

  test('what makes no sense is refused', () => {
    const data = {
      'retain-since-create-time': '-1h',
      'retain-since-last-active-time': 'soon',
      'min-non-active-revisions': '18446744073709551615',
      'max-non-active-revisions': '-1',
    };
    expect(complaints(readGcConfig(data))).toEqual([
      'data.retain-since-create-time: invalid value: -1h, want a duration that is not negative, such as 48h, or disabled',
      'data.retain-since-last-active-time: invalid value: soon, want a duration that is not negative, such as 48h, or disabled',
      'data.min-non-active-revisions: invalid value: 18446744073709551615, want a whole number of at least 0',
      'data.max-non-active-revisions: invalid value: -1, want a whole number of at least 0',
    ]);
    expect(complaints(readGcConfig({ 'max-non-active-revisions': '19' }))).toEqual([
      'data.max-non-active-revisions: invalid value: 19, must not be less than min-non-active-revisions 20',
    ]);
  });
});

describe('config-network', () => {
  test('every key has its place', () => {
    const data = {
      'ingress-class': 'kourier.ingress.networking.knative.dev',
      'certificate-class': 'cert-manager.certificate.networking.knative.dev',
      'domain-template': '{{.Name}}-{{.Namespace}}.{{.Domain}}',
      'tag-template': '{{.Name}}-{{.Tag}}',
      'rollout-duration': '211',
      'namespace-wildcard-cert-selector': 'matchExpressions:\n- key: no-wildcard\n  operator: NotIn\n  values: ["true"]',
      'external-domain-tls': 'Enabled',
      'cluster-local-domain-tls': 'enabled',
      'system-internal-tls': 'enabled',
      'http-protocol': 'Redirected',
      'default-external-scheme': 'https',
      'autocreate-cluster-domain-claims': 'true',
      'enable-mesh-pod-addressability': 'true',
      'mesh-compatibility-mode': 'enabled',
    };
    expect(valueOf(readNetworkConfig(data))).toEqual({
      ingressClass: 'kourier.ingress.networking.knative.dev',
      certificateClass: 'cert-manager.certificate.networking.knative.dev',
      domainTemplate: '{{.Name}}-{{.Namespace}}.{{.Domain}}',
      tagTemplate: '{{.Name}}-{{.Tag}}',
      rolloutDurationSeconds: 211,
      namespaceWildcardCertSelector: { matchExpressions: [{ key: 'no-wildcard', operator: 'NotIn', values: ['true'] }] },
      externalDomainTls: true,
      clusterLocalDomainTls: true,
      systemInternalTls: true,
      httpProtocol: 'redirected',
      defaultExternalScheme: 'https',
      autocreateClusterDomainClaims: true,
      enableMeshPodAddressability: true,
      meshCompatibilityMode: 'enabled',
      externalPort: 0,
      externalTlsPort: 0,
      clusterDomain: 'cluster.local',
    });
  });

  test.each([
    ['ingress.class', 'x', 'ingressClass', 'x'],
    ['certificate.class', 'x', 'certificateClass', 'x'],
    ['domainTemplate', '{{.Name}}.x', 'domainTemplate', '{{.Name}}.x'],
    ['tagTemplate', '{{.Tag}}', 'tagTemplate', '{{.Tag}}'],
    ['rolloutDuration', '7', 'rolloutDurationSeconds', 7],
    ['auto-tls', 'enabled', 'externalDomainTls', true],
    ['autoTLS', 'enabled', 'externalDomainTls', true],
    ['internal-encryption', 'enabled', 'systemInternalTls', true],
    ['httpProtocol', 'disabled', 'httpProtocol', 'disabled'],
    ['defaultExternalScheme', 'https', 'defaultExternalScheme', 'https'],
    ['autocreateClusterDomainClaims', 'true', 'autocreateClusterDomainClaims', true],
  ] as const)('%s, as it was once spelt', (key, text, member, expected) => {
    expect(valueOf(readNetworkConfig({ [key]: text }))[member]).toBe(expected);
  });

  test('the spelling of today counts more', () => {
    expect(valueOf(readNetworkConfig({ 'external-domain-tls': 'disabled', 'auto-tls': 'enabled' })).externalDomainTls).toBe(false);
  });

  test.each([
    ['rollout-duration', 'soon', 'invalid value: soon, want a whole number of at least 0'],
    ['rollout-duration', '-444', 'invalid value: -444, want a whole number of at least 0'],
    ['cluster-local-domain-tls', 'wrong', 'invalid value: wrong, want enabled or disabled'],
    ['http-protocol', 'gone', 'invalid value: gone, want enabled, redirected or disabled'],
    ['mesh-compatibility-mode', 'no', 'invalid value: no, want auto, enabled or disabled'],
    ['domain-template', '{{.Name}}/{{.Domain}}', 'invalid value: {{.Name}}/{{.Domain}}, domain template has url path: /baz.com'],
    ['domain-template', '{{.Name', 'invalid value: {{.Name, line 1: unclosed action'],
    ['tag-template', '{{.Namespace}}', "invalid value: {{.Namespace}}, line 1: can't evaluate field Namespace"],
    ['namespace-wildcard-cert-selector', '[a]', 'invalid value: [a], want YAML of a label selector such as "matchLabels: { label: value }"'],
  ])('%s: %s is refused', (key, text, message) => {
    expect(complaints(readNetworkConfig({ [key]: text }))).toEqual([`data.${key}: ${message}`]);
  });

  test('a template may choose by annotations', () => {
    const template = '{{.Name}}.{{if index .Annotations "sub"}}{{index .Annotations "sub"}}.{{end}}{{.Domain}}';
    expect(valueOf(readNetworkConfig({ 'domain-template': template })).domainTemplate).toBe(template);
  });

  test('without a map the classes are ours', () => {
    expect([defaultNetwork.ingressClass, defaultNetwork.certificateClass]).toEqual([
      'sluice.ingress.networking.knative.dev',
      'sluice.certificate.networking.knative.dev',
    ]);
  });
});

describe('config-deployment', () => {
  test('every key has its place', () => {
    const data = {
      'queue-sidecar-image': 'registry/queue',
      'progress-deadline': '5m',
      'digest-resolution-timeout': '3s',
      'registries-skipping-tag-resolving': 'a.local, b.local',
      'queue-sidecar-cpu-request': '50m',
      'queue-sidecar-cpu-limit': '1',
      'queue-sidecar-memory-request': '400Mi',
      'queue-sidecar-memory-limit': '800Mi',
      'queue-sidecar-ephemeral-storage-request': '512Mi',
      'queue-sidecar-ephemeral-storage-limit': '1Gi',
      'queue-sidecar-token-audiences': 'one,two',
      'queue-sidecar-rootca': 'PEM',
      'queue-sidecar-tls-min-version': '1.2',
      'queue-sidecar-tls-max-version': '1.3',
      'queue-sidecar-tls-cipher-suites': 'A,B',
      'queue-sidecar-tls-curve-preferences': 'X25519',
      'default-affinity-type': 'none',
      'runtime-class-name': 'kata: {}\ngvisor:\n  selector:\n    isolated: "true"\n',
      'pod-is-always-schedulable': 'true',
    };
    expect(valueOf(readDeploymentConfig(data))).toEqual({
      queueSidecarImage: 'registry/queue',
      queueSidecarCommand: [],
      progressDeadlineMs: 300_000,
      digestResolutionTimeoutMs: 3000,
      registriesSkippingTagResolving: ['a.local', 'b.local'],
      queueSidecarRequests: { cpu: '50m', memory: '400Mi', 'ephemeral-storage': '512Mi' },
      queueSidecarLimits: { cpu: '1', memory: '800Mi', 'ephemeral-storage': '1Gi' },
      queueSidecarTokenAudiences: ['one', 'two'],
      queueSidecarRootCa: 'PEM',
      queueSidecarTls: { minVersion: '1.2', maxVersion: '1.3', cipherSuites: 'A,B', curvePreferences: 'X25519' },
      defaultAffinityType: 'none',
      runtimeClasses: [
        { name: 'kata', selector: {} },
        { name: 'gvisor', selector: { isolated: 'true' } },
      ],
      podIsAlwaysSchedulable: true,
    });
  });

  test('older spellings are understood', () => {
    const config = valueOf(readDeploymentConfig({ queueSidecarImage: 'x', queueSidecarCPURequest: '5m', progressDeadline: '1m' }));
    expect(config).toMatchObject({ queueSidecarImage: 'x', queueSidecarRequests: { cpu: '5m' }, progressDeadlineMs: 60_000 });
  });

  test.each([
    ['queueSidecarCPURequest', 'queueSidecarRequests', 'cpu'],
    ['queueSidecarMemoryRequest', 'queueSidecarRequests', 'memory'],
    ['queueSidecarEphemeralStorageRequest', 'queueSidecarRequests', 'ephemeral-storage'],
    ['queueSidecarCPULimit', 'queueSidecarLimits', 'cpu'],
    ['queueSidecarMemoryLimit', 'queueSidecarLimits', 'memory'],
    ['queueSidecarEphemeralStorageLimit', 'queueSidecarLimits', 'ephemeral-storage'],
  ] as const)('%s, as it was once spelt', (key, member, resource) => {
    expect(valueOf(readDeploymentConfig({ [key]: '7' }))[member][resource]).toBe('7');
  });

  test('the class of the most particular selector is taken', () => {
    const config = valueOf(readDeploymentConfig({ 'runtime-class-name': 'kata: {}\ngvisor: { selector: { isolated: "true" } }' }));
    expect(runtimeClassFor(config, { isolated: 'true' })).toBe('gvisor');
    expect(runtimeClassFor(config, {})).toBe('kata');
    expect(runtimeClassFor(defaultDeployment, {})).toBeUndefined();
  });

  test.each([
    ['progress-deadline', '0s', 'invalid value: 0s, want a positive duration such as 10m0s'],
    ['progress-deadline', '1500ms', 'invalid value: 1500ms, must be in whole seconds'],
    ['digest-resolution-timeout', '-1s', 'invalid value: -1s, want a positive duration such as 10s'],
    ['queue-sidecar-cpu-limit', 'much', 'invalid value: much, want an amount such as 25m or 400Mi'],
    ['default-affinity-type', 'some', 'invalid value: some, want prefer-spread-revision-over-nodes or none'],
    ['runtime-class-name', 'kata', 'invalid value: kata, want YAML such as "name: { selector: { label: value } }"'],
  ])('%s: %s is refused', (key, text, message) => {
    expect(complaints(readDeploymentConfig({ [key]: text }))).toEqual([`data.${key}: ${message}`]);
  });
});

describe('config-leader-election', () => {
  test('every key has its place', () => {
    const data = { 'lease-duration': '15s', 'renew-deadline': '10s', 'retry-period': '2s', buckets: '4' };
    expect(valueOf(readLeaderElectionConfig(data))).toEqual({ leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryPeriodMs: 2000, buckets: 4 });
    expect(valueOf(readLeaderElectionConfig({}))).toEqual(defaultLeaderElection);
  });

  test('times with which two could lead, or nobody could stay, are refused', () => {
    expect(complaints(readLeaderElectionConfig({ 'lease-duration': '10s', 'renew-deadline': '10s', 'retry-period': '9s' }))).toEqual([
      'data.renew-deadline: invalid value: 10s, want less than lease-duration, which is 10s',
      'data.retry-period: invalid value: 9s, want less than five sixths of renew-deadline, which is 10s',
    ]);
    // What is given must fit what is not.
    expect(complaints(readLeaderElectionConfig({ 'lease-duration': '15s' }))).toEqual(['data.renew-deadline: invalid value: 40s, want less than lease-duration, which is 15s']);
  });

  test('more than ten buckets are refused', () => {
    expect(complaints(readLeaderElectionConfig({ buckets: '11' }))).toEqual(['data.buckets: invalid value: 11, want a whole number from 1 to 10']);
  });
});

describe('config-logging', () => {
  test('levels stand by component', () => {
    const data = { 'zap-logger-config': '{"level":"info"}', 'loglevel.queueproxy': 'debug', 'loglevel.activator': '', _example: 'x' };
    expect(valueOf(readLoggingConfig(data))).toEqual({ loggerConfig: '{"level":"info"}', level: 'info', levels: { queueproxy: 'debug' } });
  });

  test('levels and configurations that are none are refused', () => {
    expect(complaints(readLoggingConfig({ 'zap-logger-config': '{', 'loglevel.queueproxy': 'loud' }))).toEqual([
      'data.loglevel.queueproxy: invalid value: loud, want debug, info, warn, error, dpanic, panic or fatal',
      'data.zap-logger-config: invalid value: it is no JSON',
    ]);
  });
});

test('the defaults of config-defaults are what an empty map gives', () => {
  expect(valueOf(readDefaultsConfig({}))).toEqual(defaultDefaults);
});
