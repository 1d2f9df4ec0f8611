import { describe, expect, test } from 'vitest';
import type { Container } from '../api/pod-spec.ts';
import type { RevisionSpec } from '../api/revision.ts';
import type { TrafficTarget } from '../api/route.ts';
import { defaultDefaults } from '../config/defaults-config.ts';
import { defaultFeatures } from '../config/features-config.ts';
import { aRevision, aRoute, aService } from '../testing/index.ts';
import { describeProblems } from './field-problem.ts';
import {
  validateConfiguration,
  validateRevision,
  validateRoute,
  validateService,
  type ValidationRules,
} from './validate.ts';

const rules: ValidationRules = { defaults: defaultDefaults, features: defaultFeatures, checkScaling: () => [] };
const traffic = [{ latestRevision: true, percent: 100 }];
const notALabel =
  "not a DNS 1035 label: [a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic " +
  "character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is " +
  "'[a-z]([-a-z0-9]*[a-z0-9])?')]";

function specProblems(spec: RevisionSpec): string[] {
  return lines(validateRevision(aRevision('hello', 1, { spec, metadata: ownedBy('hello') }), rules));
}

function containerProblems(container: Container): string[] {
  return specProblems({ containers: [container] }).map((line) => line.replaceAll('spec.containers[0].', ''));
}

function trafficProblems(targets: readonly TrafficTarget[]): string[] {
  return lines(validateRoute(aRoute('hello', targets))).map((line) => line.replaceAll('spec.traffic', 'traffic'));
}

function lines(problems: Parameters<typeof describeProblems>[0]): string[] {
  const text = describeProblems(problems);
  return text === '' ? [] : text.split('\n');
}

function ownedBy(configuration: string) {
  return {
    ownerReferences: [{ apiVersion: 'serving.knative.dev/v1', kind: 'Configuration', name: configuration, uid: 'u' }],
  };
}

describe('names', () => {
  test.each([
    ['do.not.use.dots', [`${notALabel}: metadata.name`]],
    ['trailing-', [`${notALabel}: metadata.name`]],
    ['', ['name or generateName is required: metadata.name']],
    ['fine-name', []],
  ])('%j', (name, expected) => {
    expect(lines(validateService(aService(name, { metadata: { name }, traffic }), rules))).toEqual(expected);
  });

  test.each([
    ['hello-first', []],
    ['other', ['invalid value: "other" must have prefix "hello-": spec.template.metadata.name']],
    ['hello.x', [`invalid value: ${notALabel}: spec.template.metadata.name`]],
  ])('of a template: %j', (name, expected) => {
    expect(lines(validateService(aService('hello', { template: { name }, traffic }), rules))).toEqual(expected);
  });

  test('a template cannot have one where the parent has none yet', () => {
    const service = aService('', {
      metadata: { name: '', generateName: 'hello-' },
      template: { name: 'hello-x' },
      traffic,
    });
    expect(lines(validateService(service, rules))).toEqual(['must not set the field(s): spec.template.metadata.name']);
  });

  test('a label that names an owner needs the owner', () => {
    const revision = aRevision('absent', 1);
    expect(lines(validateRevision(revision, rules))).toEqual([
      'missing field(s): metadata.labels.serving.knative.dev/configuration',
    ]);
    const configuration = {
      ...aService('hello'),
      kind: 'Configuration',
      metadata: { name: 'hello', labels: { 'serving.knative.dev/service': 'x' } },
    };
    expect(lines(validateConfiguration(configuration, rules))).toEqual([
      'missing field(s): metadata.labels.serving.knative.dev/service',
    ]);
  });
});

describe('containers', () => {
  test.each<[string, Container, string[]]>([
    ['a plain one', { image: 'registry.example.com:5000/team/app:v1.2@sha256:' + 'a'.repeat(64) }, []],
    ['without image', { name: 'x' }, ['missing field(s): image']],
    [
      'with a strange image',
      { image: 'foo:bar:baz' },
      ['Failed to parse image reference: image', 'image: "foo:bar:baz", error: could not parse reference: foo:bar:baz'],
    ],
    [
      'with the name of the sidecar',
      { name: 'queue-proxy', image: 'a' },
      ['"queue-proxy" is a reserved container name: name'],
    ],
    [
      'with fields that pods have',
      { image: 'a', lifecycle: {}, tty: true } as Container,
      ['must not set the field(s): lifecycle', 'must not set the field(s): tty'],
    ],
    [
      'with reserved environment',
      { image: 'a', env: [{ name: 'OK' }, { name: 'PORT' }] },
      ['"PORT" is a reserved environment variable: env[1].name'],
    ],
    [
      'with a port of the sidecar',
      { image: 'a', ports: [{ containerPort: 8022 }] },
      ['8022 is a reserved port, please use a different value', 'invalid value: 8022 is a reserved port: ports.containerPort'],
    ],
    [
      'with a port out of range',
      { image: 'a', ports: [{ containerPort: 70000 }] },
      ['expected 0 <= 70000 <= 65535: ports.containerPort'],
    ],
    [
      'with a port of another protocol',
      { image: 'a', ports: [{ containerPort: 1, protocol: 'UDP' }] },
      ['invalid value: UDP: ports.protocol'],
    ],
    [
      'with a port of another name',
      { image: 'a', ports: [{ containerPort: 1, name: 'web' }] },
      ['Port name web is not allowed: ports', "Name must be empty, or one of: 'h2c', 'http1'"],
    ],
    [
      'with two ports',
      { image: 'a', ports: [{ containerPort: 1 }, { containerPort: 2 }] },
      ['Only a single port is allowed across all containers', 'more than one container port is set: spec.containers[*].ports'],
    ],
    ['with h2c', { image: 'a', ports: [{ containerPort: 1, name: 'h2c' }] }, []],
  ])('%s', (_, container, expected) => {
    expect(containerProblems(container).sort()).toEqual(expected.sort());
  });

  test('of several, one takes requests and the others say nothing of being ready', () => {
    const serving = { name: 'a', image: 'a', ports: [{ containerPort: 8888 }] };
    expect(specProblems({ containers: [serving, { name: 'b', image: 'b' }] })).toEqual([]);
    expect(specProblems({ containers: [serving, { name: 'a', image: 'b' }] })).toEqual([
      'duplicate container name "a": spec.containers[1].name',
    ]);
    expect(specProblems({ containers: [{ image: 'a' }, { image: 'b' }] })).toEqual([
      'missing field(s): spec.containers[*].ports',
    ]);
    expect(
      specProblems({ containers: [serving, { name: 'b', image: 'b', livenessProbe: { tcpSocket: { port: 1 } } }] }),
    ).toEqual(['must not set the field(s): spec.containers[1].livenessProbe']);
    expect(specProblems({ containers: [serving, { ...serving, name: 'b' }] })).toEqual([
      'more than one container port is set: spec.containers[*].ports',
      'Only a single port is allowed across all containers',
    ]);
  });

  test('there must be one', () => {
    expect(specProblems({ containers: [] })).toEqual(['missing field(s): spec.containers']);
  });
});

describe('probes', () => {
  test('numbers out of range are all told', () => {
    const readinessProbe = {
      periodSeconds: -1,
      timeoutSeconds: 0,
      successThreshold: 0,
      failureThreshold: 0,
      initialDelaySeconds: -1,
      httpGet: {},
    };
    expect(containerProblems({ image: 'a', readinessProbe })).toEqual([
      'expected 0 <= -1 <= 2147483647: readinessProbe.initialDelaySeconds',
      'expected 0 <= -1 <= 2147483647: readinessProbe.periodSeconds',
      'expected 1 <= 0 <= 2147483647: readinessProbe.failureThreshold',
      'expected 1 <= 0 <= 2147483647: readinessProbe.successThreshold',
      'expected 1 <= 0 <= 2147483647: readinessProbe.timeoutSeconds',
    ]);
  });

  test('a period of 0 leaves no room for thresholds and timeouts', () => {
    const readinessProbe = {
      periodSeconds: 0,
      failureThreshold: 2,
      timeoutSeconds: 1,
      successThreshold: 1,
      tcpSocket: {},
    };
    expect(containerProblems({ image: 'a', readinessProbe })).toEqual([
      'failureThreshold is disallowed when periodSeconds is zero: readinessProbe.failureThreshold',
      'timeoutSeconds is disallowed when periodSeconds is zero: readinessProbe.timeoutSeconds',
    ]);
  });

  test('there is exactly one way to ask', () => {
    expect(containerProblems({ image: 'a', livenessProbe: {} })).toEqual([
      'expected exactly one, got neither: livenessProbe.exec, livenessProbe.grpc, livenessProbe.httpGet, livenessProbe.tcpSocket',
    ]);
    expect(containerProblems({ image: 'a', startupProbe: { tcpSocket: {}, exec: { command: ['x'] } } })).toEqual([
      'expected exactly one, got both: startupProbe.exec, startupProbe.tcpSocket',
    ]);
  });

  test('one way that is named and left empty is no way', () => {
    const probe = (json: string): Container => ({ image: 'a', livenessProbe: JSON.parse(json) });
    expect(containerProblems(probe('{ "httpGet": null, "tcpSocket": {} }'))).toEqual([]);
    expect(containerProblems(probe('{ "httpGet": null }'))).toHaveLength(1);
  });
});

describe('volumes', () => {
  const mount = (mountPath: string, name = 'v') => ({ name, mountPath, readOnly: true });
  const withMounts = (...volumeMounts: readonly { name: string; mountPath: string }[]) =>
    specProblems({ volumes: [{ name: 'v', secret: {} }], containers: [{ image: 'a', volumeMounts }] }).map((line) =>
      line.replaceAll('spec.containers[0].', ''),
    );

  test("mount paths are absolute, single and not the system's own", () => {
    expect(withMounts(mount('/data'))).toEqual([]);
    expect(withMounts(mount('data'))).toEqual(['invalid value: data: volumeMounts[0].mountPath']);
    expect(withMounts(JSON.parse('{ "name": "v", "mountPath": 5, "readOnly": true }'))).toEqual(['invalid value: 5: volumeMounts[0].mountPath']);
    expect(withMounts(mount('/dev/log/'))).toEqual([
      'mountPath "/dev/log" is a reserved path: volumeMounts[0].mountPath',
    ]);
    expect(withMounts(mount('/a'), mount('/a/../a'))).toEqual(['invalid value: "/a/../a" must be unique: volumeMounts[1].mountPath']);
  });

  test('what is mounted is there, and what is there is mounted', () => {
    expect(withMounts(mount('/a', 'w'))).toEqual([
      'volume with name "v" not mounted: spec.volumes[0].name',
      'volumeMount has no matching volume: volumeMounts[0].name',
    ]);
  });

  test('names are given once, and sources are of the allowed kinds', () => {
    const container = { image: 'a', volumeMounts: [mount('/a')] };
    expect(
      specProblems({
        volumes: [
          { name: 'v', secret: {} },
          { name: 'v', configMap: {} },
        ],
        containers: [container],
      }),
    ).toEqual(['duplicate volume name "v": spec.volumes[1].name']);
    const hostPath = { name: 'v', hostPath: { path: '/' } };
    expect(specProblems({ volumes: [hostPath], containers: [container] })).toEqual([
      'HostPath volume support is disabled, but found HostPath volume v',
      'must not set the field(s): spec.volumes[0].hostPath',
    ]);
  });
});

describe('limits of a revision', () => {
  test.each<[RevisionSpec, string[]]>([
    [{ containerConcurrency: 2000 }, ['expected 0 <= 2000 <= 1000: spec.containerConcurrency']],
    [{ timeoutSeconds: -30 }, ['expected 0 <= -30 <= 600: spec.timeoutSeconds']],
    [{ timeoutSeconds: 6000 }, ['expected 0 <= 6000 <= 600: spec.timeoutSeconds']],
    [{ timeoutSeconds: 10, idleTimeoutSeconds: 11 }, ['expected 0 <= 11 <= 10: spec.idleTimeoutSeconds']],
    [
      { timeoutSeconds: 10, responseStartTimeoutSeconds: 11 },
      ['expected 0 <= 11 <= 10: spec.responseStartTimeoutSeconds'],
    ],
    [
      { terminationGracePeriodSeconds: 5 } as RevisionSpec,
      ['must not set the field(s): spec.terminationGracePeriodSeconds'],
    ],
    [
      { automountServiceAccountToken: true } as RevisionSpec,
      ['must not set the field(s): spec.automountServiceAccountToken'],
    ],
    [{ automountServiceAccountToken: false } as RevisionSpec, []],
  ])('%j', (spec, expected) => {
    expect(specProblems(spec)).toEqual(expected);
  });
});

describe('traffic', () => {
  test.each<[string, TrafficTarget[], string[]]>([
    [
      'a split',
      [
        { revisionName: 'a', percent: 90 },
        { revisionName: 'b', percent: 10 },
      ],
      [],
    ],
    ['a sum below 100', [{ revisionName: 'a', percent: 90 }], ['Traffic targets sum to 90, want 100: traffic']],
    [
      'a share out of range',
      [{ revisionName: 'a', percent: 101 }],
      ['Traffic targets sum to 101, want 100: traffic', 'expected 0 <= 101 <= 100: traffic[0].percent'],
    ],
    [
      'two destinations',
      [{ revisionName: 'a', configurationName: 'b', percent: 100 }],
      ['expected exactly one, got both: traffic[0].configurationName, traffic[0].revisionName'],
    ],
    [
      'no destination',
      [{ percent: 100 }],
      ['expected exactly one, got neither: traffic[0].configurationName, traffic[0].revisionName'],
    ],
    [
      'the latest of a fixed revision',
      [{ revisionName: 'a', latestRevision: true, percent: 100 }],
      ['may not set revisionName "a" when latestRevision is true: traffic[0].latestRevision'],
    ],
    [
      'a tag that is no label',
      [{ revisionName: 'a', tag: 'foo@', percent: 100 }],
      [`invalid value: ${notALabel}: traffic.tag[0]`],
    ],
    [
      'a tag given twice',
      [
        { revisionName: 'a', tag: 't', percent: 50 },
        { revisionName: 'b', tag: 't', percent: 50 },
      ],
      ['Multiple definitions for "t": traffic[0].tag, traffic[1].tag'],
    ],
    ['a URL', [{ revisionName: 'a', url: 'http://x', percent: 100 }], ['must not set the field(s): traffic[0].url']],
  ])('%s', (_, targets, expected) => {
    expect(trafficProblems(targets)).toEqual(expected);
  });

  test('a strange name is shown with the rule', () => {
    expect(trafficProblems([{ revisionName: 'b ar', percent: 100 }])[0]).toBe(
      'invalid key name "b ar": traffic[0].revisionName',
    );
  });

  test('of a Service cannot name Configurations', () => {
    const service = aService('hello', { traffic: [{ configurationName: 'hello', percent: 100 }] });
    expect(lines(validateService(service, rules))).toEqual([
      'must not set the field(s): spec.traffic[0].configurationName',
    ]);
  });
});

describe('annotations', () => {
  const on = (annotations: Record<string, string>) =>
    lines(validateService(aService('hello', { metadata: { annotations }, traffic }), rules));
  const onTemplate = (annotations: Record<string, string>) =>
    lines(validateService(aService('hello', { template: { annotations }, traffic }), rules));

  test('durations are positive and in whole seconds', () => {
    const rollout = 'serving.knative.dev/rollout-duration';
    expect(on({ [rollout]: '3h15m21s' })).toEqual([]);
    expect(on({ [rollout]: 'soon' })).toEqual([`invalid value: soon: metadata.annotations.${rollout}`]);
    expect(on({ [rollout]: '-211s' })).toEqual([
      `rollout-duration=-211s must be positive: metadata.annotations.${rollout}`,
    ]);
    const deadline = 'serving.knative.dev/progress-deadline';
    expect(onTemplate({ [deadline]: '1m3s34ms' })).toEqual([
      `progress-deadline=1m3s34ms is not at second precision: spec.template.metadata.annotations.${deadline}`,
    ]);
  });

  test('for the autoscaler belong on the template', () => {
    expect(on({ 'autoscaling.knative.dev/min-scale': '1', 'serving.knative.dev/foo': 'bar' })).toEqual([
      'invalid key name "autoscaling.knative.dev/min-scale": metadata.annotations',
      'autoscaling annotations must be put under "spec.template.metadata.annotations" to work',
    ]);
  });
});
