import { describe, expect, it } from 'vitest';
import type { Endpoint, EndpointSlice, Service } from '@sluice/kubernetes';
import { serviceRules } from './service-rules.ts';

function service(name: string, spec: Partial<Service['spec']> = {}, ip?: string): Service {
  const status = ip === undefined ? {} : { status: { loadBalancer: { ingress: [{ ip }] } } };
  return { apiVersion: 'v1', kind: 'Service', metadata: { namespace: 'mesh', name }, spec: { clusterIP: '10.96.0.7', ports: [{ name: 'http', port: 80, protocol: 'TCP' }], ...spec }, ...status };
}

function slice(name: string, endpoints: readonly Endpoint[], port = 8080): EndpointSlice {
  return { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata: { namespace: 'mesh', name: `${name}-1`, labels: { 'kubernetes.io/service-name': name } }, addressType: 'IPv4', endpoints, ports: [{ name: 'http', port, protocol: 'TCP' }] };
}

const at = (address: string, conditions: Endpoint['conditions'] = { ready: true }): Endpoint => ({ addresses: [address], conditions });
/** Where the rules lead, by what is led. */
const choices = (rules: string) => [...rules.matchAll(/numgen random mod \d+ map \{ (.*) \}/g)].map(([, found]) => found);

describe('the rules of Services', () => {
  it('lead an address and port to the ready pods behind it, each as often', () => {
    const rules = serviceRules([service('hello')], [slice('hello', [at('10.244.0.3'), at('10.244.0.2'), at('10.244.0.4', { ready: false })])]);
    expect(rules).toContain('elements = { 10.96.0.7 . 80 : goto service-0 }');
    expect(choices(rules)).toEqual(['0 : 10.244.0.2 . 8080, 1 : 10.244.0.3 . 8080']);
  });

  it('lead to pods that are about to go where there are no others', () => {
    const leaving = at('10.244.0.2', { ready: false, serving: true, terminating: true });
    expect(choices(serviceRules([service('hello')], [slice('hello', [leaving])]))).toEqual(['0 : 10.244.0.2 . 8080']);
    expect(choices(serviceRules([service('hello')], [slice('hello', [leaving, at('10.244.0.3')])]))).toEqual(['0 : 10.244.0.3 . 8080']);
  });

  it('know a Service by what its load balancer was given, too', () => {
    const rules = serviceRules([service('edge', { type: 'LoadBalancer' }, '10.97.0.1')], [slice('edge', [at('10.244.0.2')])]);
    expect(rules).toContain('10.96.0.7 . 80 : goto service-0, 10.97.0.1 . 80 : goto service-0');
  });

  it('refuse at once what nobody is behind', () => {
    const rules = serviceRules([service('hello')], []);
    expect(rules).toMatch(/set refused \{[^}]*elements = \{ 10\.96\.0\.7 \. 80 \}/);
    expect(choices(rules)).toEqual([]);
  });

  it('leave out Services without an address: headless ones, and other names', () => {
    const rules = serviceRules([service('a', { clusterIP: 'None' }), service('b', { type: 'ExternalName', externalName: 'elsewhere' })], [slice('a', [at('10.244.0.2')])]);
    expect(rules).not.toContain('elements');
  });

  it('are the same text whatever the order of objects', () => {
    const services = [service('a'), service('b', { clusterIP: '10.96.0.8' })];
    const slices = [slice('a', [at('10.244.0.2')]), slice('b', [at('10.244.0.3'), at('10.244.0.4')])];
    expect(serviceRules(services.toReversed(), slices.toReversed())).toBe(serviceRules(services, slices));
  });
});
