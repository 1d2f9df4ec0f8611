/** Pods that are tried without being made. */
import { expect, test } from 'vitest';
import { defaultServingConfig } from '../config/serving-config.ts';
import { aConfiguration, aService } from '../testing/index.ts';
import type { AdmissionRules } from './admission-rules.ts';
import { podDryRun, podDryRunProblem } from './pod-dry-run.ts';

const rules: AdmissionRules = { config: defaultServingConfig, checkScaling: () => [] };
const service = { group: 'serving.knative.dev', kind: 'Service' };
const asked = (mode: string) => aService('hello', { metadata: { annotations: { 'features.knative.dev/podspec-dryrun': mode } } });

test('a Service written with a dry run has its pod tried, without the sidecar', () => {
  const found = podDryRun({ kind: service, operation: 'CREATE', object: aService('hello'), dryRun: true }, rules);
  expect(found).toMatchObject({
    isStrict: false,
    pod: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { generateName: 'dry-run-validation', namespace: 'default' },
      spec: { enableServiceLinks: false, terminationGracePeriodSeconds: 300, containers: [{ name: 'user-container', image: 'example/hello' }] },
    },
  });
  expect(found?.pod.spec.containers).toHaveLength(1);
});

test('so has one that asks for it, strictly or not', () => {
  expect(podDryRun({ kind: service, operation: 'CREATE', object: asked('enabled') }, rules)?.isStrict).toBe(false);
  expect(podDryRun({ kind: service, operation: 'CREATE', object: asked('strict') }, rules)?.isStrict).toBe(true);
});

test.each([
  ['nobody asks', { kind: service, operation: 'CREATE', object: aService('hello') }],
  ['the word is another', { kind: service, operation: 'CREATE', object: asked('maybe') }],
  ['the template stays', { kind: service, operation: 'UPDATE', object: asked('enabled'), oldObject: aService('hello') }],
  ['it goes', { kind: service, operation: 'DELETE', oldObject: asked('enabled') }],
  ['its status is written', { kind: service, operation: 'UPDATE', subResource: 'status', object: asked('enabled') }],
  ['a Service above it has been tried', { kind: { group: 'serving.knative.dev', kind: 'Configuration' }, operation: 'CREATE', dryRun: true, object: aConfiguration('hello', { metadata: { labels: { 'serving.knative.dev/service': 'hello' } } }) }],
  ['it is no Service of ours', { kind: { group: '', kind: 'Service' }, operation: 'CREATE', dryRun: true, object: aService('hello') }],
  ['it cannot be read', { kind: service, operation: 'CREATE', dryRun: true, object: { metadata: { name: 1 } } }],
] as const)('nothing is tried where %s', (_, request) => {
  expect(podDryRun(request, rules)).toBeUndefined();
});

test('a try that fails is told, unless nobody could try', () => {
  const [lenient, strict] = ['enabled', 'strict'].map((mode) => podDryRun({ kind: service, operation: 'CREATE', object: asked(mode) }, rules));
  if (!lenient || !strict) throw new Error('nothing to try');
  expect(podDryRunProblem(lenient, 'pods "x" is forbidden')).toMatchObject({ path: 'spec.template', message: 'dry run failed with pods "x" is forbidden' });
  const unsupported = 'admission webhook "w" does not support dry run';
  expect(podDryRunProblem(lenient, unsupported)).toBeUndefined();
  expect(podDryRunProblem(strict, unsupported)).toMatchObject({ message: `dry run failed with ${unsupported}` });
});
