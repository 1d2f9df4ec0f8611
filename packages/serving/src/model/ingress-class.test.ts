import { expect, test } from 'vitest';
import type { Ingress } from '../api/ingress.ts';
import { defaultServingConfig } from '../config/serving-config.ts';
import { ownIngressClass } from '../config/network-config.ts';
import { build } from './build.ts';

function ownersOf(annotations: Readonly<Record<string, string>>): string[] {
  const splits = [{ serviceNamespace: 'default', serviceName: 'gone', servicePort: 80, percent: 100 }];
  const ingress: Ingress = {
    apiVersion: 'networking.internal.knative.dev/v1alpha1',
    kind: 'Ingress',
    metadata: { name: 'web', namespace: 'default', annotations },
    spec: { rules: [{ hosts: ['www.example.org'], http: { paths: [{ splits }] } }] },
  };
  const objects = { routes: [], revisions: [], podAutoscalers: [], serverlessServices: [], endpointSlices: [], ingresses: [ingress] };
  // Its backend is not there, which is told of an Ingress that is ours to serve, and of no other.
  return build(objects, { config: defaultServingConfig }).problems.map(({ kind, name }) => `${kind} ${name}`);
}

test.each(['networking.knative.dev/ingress-class', 'networking.knative.dev/ingress.class'])('an Ingress that says %s is ours', (annotation) => {
  expect(ownersOf({ [annotation]: ownIngressClass })).toEqual(['Ingress web']);
  expect(ownersOf({ [annotation]: 'istio.ingress.networking.knative.dev' })).toEqual([]);
});

test('an Ingress that names no class is nobody’s', () => {
  expect(ownersOf({})).toEqual([]);
});
