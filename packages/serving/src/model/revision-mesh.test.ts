import { expect, test } from 'vitest';
import { defaultServingConfig } from '../config/serving-config.ts';
import { activatorSlice, aRevision, podSlice } from '../testing/index.ts';
import { build } from './build.ts';
import { LiveModel } from './live-model.ts';

const privateService = { metadata: { namespace: 'default', name: 'hello-00001-private' }, spec: { clusterIP: '10.96.0.7', ports: [{ name: 'http', port: 80 }] } };
const objects = { routes: [], revisions: [aRevision('hello')], podAutoscalers: [], serverlessServices: [], endpointSlices: [podSlice('hello-00001', ['10.0.0.1']), activatorSlice([])], services: [privateService] };
const configured = (network: Partial<typeof defaultServingConfig.network>) => ({ ...defaultServingConfig, network: { ...defaultServingConfig.network, ...network } });
const mesh = (network: Partial<typeof defaultServingConfig.network>, services: readonly object[] = [privateService]) =>
  build({ ...objects, services: services as (typeof privateService)[] }, { config: configured(network) }).revisions[0]?.mesh;

test('a revision may be reached by its private Service, always or where its pods are not', () => {
  expect(mesh({})).toEqual({ kind: 'service', isAlways: false, address: '10.96.0.7', port: 80, tlsPort: 443 });
  expect(mesh({ meshCompatibilityMode: 'enabled' })).toMatchObject({ isAlways: true });
  expect(mesh({ meshCompatibilityMode: 'disabled' })).toBeUndefined();
});

test('a Service without an address stands for nobody', () => {
  expect(mesh({}, [])).toBeUndefined();
  expect(mesh({}, [{ ...privateService, spec: { clusterIP: 'None' } }])).toBeUndefined();
});

test('pods are addressed through a mesh under the name of their Service, whatever else is said', () => {
  expect(mesh({ enableMeshPodAddressability: true, meshCompatibilityMode: 'enabled' })).toEqual({ kind: 'passthrough', host: 'hello-00001-private.default' });
});

test('what is configured is followed, and so is the Service', () => {
  const model = new LiveModel({ config: defaultServingConfig });
  for (const [key, object] of [['default/hello-00001', aRevision('hello')]] as const) model.set('revisions', key, object);
  model.take();
  const now = () => model.revision('default/hello-00001')?.mesh?.kind;
  expect(now()).toBeUndefined();
  model.set('services', 'default/hello-00001-private', privateService);
  expect([...model.take().revisions, now()]).toEqual(['default/hello-00001', 'service']);
  model.configure(configured({ enableMeshPodAddressability: true }));
  model.take();
  expect(now()).toBe('passthrough');
});
