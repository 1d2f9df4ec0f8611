/** What a Route says of itself by what gateways have made of it. */
import { describe, expect, test } from 'vitest';
import { defaultServingConfig } from '../config/serving-config.ts';
import { ingressHash } from '../ingress/ingress-hash.ts';
import { makeIngress } from '../ingress/make-ingress.ts';
import { aRoute } from '../testing/index.ts';
import { formatVerdict, gatewayVerdictAnnotation, parseVerdict } from './gateway-verdict.ts';
import { ingressStatus } from './ingress-status.ts';
import { routeStatus } from './route-status.ts';

const now = '2026-01-01T00:00:00Z';
const target = (revisionName: string) => ({ revisionName, configurationName: 'hello', latestRevision: true, percent: 100, tag: '' });
const hashOf = (revision: string): string => ingressHash(makeIngress(aRoute('hello', []), [target(revision)], defaultServingConfig, () => 'http1').spec, 'default', 'hello');

function statusWith(annotation: string | undefined) {
  const route = aRoute('hello', []);
  const annotations = annotation === undefined ? {} : { annotations: { [gatewayVerdictAnnotation]: annotation, other: 'kept' } };
  return routeStatus({
    route: { ...route, status: { ...route.status, ...annotations } },
    traffic: { kind: 'resolved', targets: [target('hello-00002')] },
    config: defaultServingConfig,
    protocolOf: () => 'http1',
    now,
  });
}

const said = (annotation: string | undefined) => {
  const { conditions = [] } = statusWith(annotation);
  return ['IngressReady', 'Ready'].map((type) => conditions.find((condition) => condition.type === type)).map((found) => [found?.status, found?.reason, found?.message]);
};

describe('a Route', () => {
  test('waits for gateways, also when they have taken other content', () => {
    const waiting = ['Unknown', 'Uninitialized', 'Waiting for load balancer to be ready'];
    expect(said(undefined)).toEqual([waiting, waiting]);
    expect(said(formatVerdict({ hash: hashOf('hello-00001'), ready: true, message: '' }))).toEqual([waiting, waiting]);
    expect(said('nonsense')).toEqual([waiting, waiting]);
  });

  test('is ready when they have taken this one', () => {
    expect(said(formatVerdict({ hash: hashOf('hello-00002'), ready: true, message: '' }))).toEqual([
      ['True', undefined, undefined],
      ['True', undefined, undefined],
    ]);
  });

  test('says why they refuse it', () => {
    const refused = ['False', 'GatewayRefused', 'gateway 1 refuses it: no'];
    expect(said(formatVerdict({ hash: hashOf('hello-00002'), ready: false, message: 'gateway 1 refuses it: no' }))).toEqual([refused, refused]);
  });

  test('keeps what others say on it', () => {
    const annotation = formatVerdict({ hash: 'x', ready: true, message: '' });
    expect(statusWith(annotation).annotations).toEqual({ [gatewayVerdictAnnotation]: annotation, other: 'kept' });
    expect(parseVerdict(statusWith(annotation).annotations)).toEqual({ hash: 'x', ready: true, message: '' });
  });
});

test('an Ingress says it in conditions', () => {
  const ingress = { apiVersion: 'x', kind: 'Ingress', metadata: { name: 'i', generation: 3 }, spec: {} };
  const { observedGeneration, conditions = [] } = ingressStatus(ingress, { hash: 'x', ready: false, message: 'no' }, { external: 'gateway.system.svc.cluster.local', internal: 'gateway-internal.system.svc.cluster.local' }, now);
  expect(observedGeneration).toBe(3);
  expect(conditions.map(({ type, status, message }) => [type, status, message])).toEqual([
    ['LoadBalancerReady', 'False', 'no'],
    ['NetworkConfigured', 'False', 'no'],
    ['Ready', 'False', 'no'],
  ]);
});
