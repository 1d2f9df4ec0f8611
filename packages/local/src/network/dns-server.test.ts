import { Resolver } from 'node:dns/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EndpointSlice, Service } from '@sluice/kubernetes';
import { lookUp, resolverFile } from './cluster-names.ts';
import { readQuestion } from './dns-message.ts';
import { DnsServer } from './dns-server.ts';

const services = new Map<string, Service['spec']>([
  ['mesh/config', { clusterIP: '10.96.0.4' }],
  ['mesh/pods', { clusterIP: 'None' }],
  ['mesh/elsewhere', { type: 'ExternalName', externalName: 'config.mesh.svc.cluster.local' }],
]);
const slice: EndpointSlice = {
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { namespace: 'mesh', name: 'pods-1', labels: { 'kubernetes.io/service-name': 'pods' } },
  addressType: 'IPv4',
  endpoints: [{ addresses: ['10.244.0.2'] }, { addresses: ['10.244.0.3'], conditions: { ready: false } }],
};
const objects = {
  service: (namespace: string, name: string) => {
    const spec = services.get(`${namespace}/${name}`);
    return spec && { apiVersion: 'v1', kind: 'Service', metadata: { namespace, name }, spec };
  },
  slices: () => [slice],
};

describe('the cluster’s DNS', () => {
  const server = new DnsServer((name) => lookUp(name, objects));
  const resolver = new Resolver({ timeout: 5000, tries: 1 });
  beforeAll(async () => resolver.setServers([`127.0.0.1:${await server.start('127.0.0.1', 0)}`]));
  afterAll(() => server.stop());

  it('gives a Service’s cluster address, in whatever letters it is asked', async () => {
    expect(await resolver.resolve4('config.mesh.svc.cluster.local')).toEqual(['10.96.0.4']);
    expect(await resolver.resolve4('Config.Mesh.SVC.cluster.local')).toEqual(['10.96.0.4']);
  });

  it('gives the ready pods of one that has none', async () => {
    expect(await resolver.resolve4('pods.mesh.svc.cluster.local')).toEqual(['10.244.0.2']);
  });

  it('gives the other name of one that is only that', async () => {
    expect(await resolver.resolveCname('elsewhere.mesh.svc.cluster.local')).toEqual(['config.mesh.svc.cluster.local']);
  });

  it('knows no address of the other family, and says that the name is there', async () => {
    await expect(resolver.resolve6('config.mesh.svc.cluster.local')).rejects.toMatchObject({ code: 'ENODATA' });
  });

  it.each(['other.mesh.svc.cluster.local', 'config.default.svc.cluster.local', 'example.com', 'config.mesh.svc'])('knows no %s', async (name) => {
    await expect(resolver.resolve4(name)).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });
});

describe('a message of DNS', () => {
  it('that is cut off, an answer, or holds several questions is no question', () => {
    const question = Buffer.from('000101000001000000000000036162630000010001', 'hex');
    expect(readQuestion(question)).toMatchObject({ id: 1, name: 'abc', type: 1 });
    for (let length = 0; length < question.length; length += 1) expect(readQuestion(question.subarray(0, length))).toBeUndefined();
    const answer = Buffer.from(question);
    answer[2] = 0x80;
    expect(readQuestion(answer)).toBeUndefined();
    const several = Buffer.from(question);
    several[5] = 2;
    expect(readQuestion(several)).toBeUndefined();
  });
});

it('a pod’s resolver looks for names in its namespace first, then among all Services', () => {
  expect(resolverFile('shop', '10.244.0.1')).toBe('search shop.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.244.0.1\noptions ndots:5\n');
});
