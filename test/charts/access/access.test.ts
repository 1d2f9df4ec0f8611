/** The rights that the chart gives: enough for a Service's whole life, none left over, and none to the data path. */
import { X509Certificate } from 'node:crypto';
import { configMaps, deployments, endpointSlices, events, horizontalPodAutoscalers, leases, namespaces, secrets, services as coreServices, pods, type KubernetesObject } from '@sluice/kubernetes';
import {
  certificateKind,
  clusterDomainClaimKind,
  configurationKind,
  domainMappingKind,
  backendTlsPolicyKind,
  gatewayClassKind,
  gatewayController,
  gatewayKind,
  grpcRouteKind,
  httpRouteKind,
  tcpRouteKind,
  tlsRouteKind,
  ingressClassKind,
  ingressKind,
  kubernetesIngressKind,
  type DomainMapping,
  type Gateway,
  type BackendTlsPolicy,
  type GatewayClass,
  type GrpcRoute,
  type HttpRoute,
  type IngressClass,
  type KubernetesIngress,
  type TcpRoute,
  type TlsRoute,
  ownCertificateClass,
  podAutoscalerKind, 
  revisionKind,
  routeKind,
  serverlessServiceKind,
  serviceKind,
} from '@sluice/serving';
import { aService } from '@sluice/serving/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kubernetesToolsMissing } from '../../support/kubernetes-tools.ts';
import { render } from '../helm.ts';
import { components, type RenderedChart } from '../rendered-chart.ts';
import { GrantedAccess, type Binding, type Role } from './granted-access.ts';
import { guardedComponents, GuardedCluster, madeByController } from './guarded-cluster.ts';

const inDefault = { namespace: 'default' };
const mapping: DomainMapping = {
  apiVersion: 'serving.knative.dev/v1beta1',
  kind: 'DomainMapping',
  metadata: { name: 'www.example.org', namespace: 'default' },
  spec: { ref: { apiVersion: 'serving.knative.dev/v1', kind: 'Service', name: 'hello' } },
};
const hello = { namespace: 'default', name: 'hello' };

describe.skipIf(kubernetesToolsMissing !== undefined)('the roles', () => {
  let chart: RenderedChart;
  beforeAll(async () => {
    chart = await render();
  });

  test('name what they allow, one by one', () => {
    const rules = [...chart.ofKind<Role>('ClusterRole'), ...chart.ofKind<Role>('Role')].flatMap((role) => role.rules);
    // Secrets are asked for by name, where that is possible.
    expect(rules.filter(({ resources, resourceNames }) => resources.includes('secrets') && !resourceNames)).toEqual([]);
    const words = rules.filter(({ resourceNames }) => !resourceNames).flatMap(({ apiGroups, resources, verbs }) => [...apiGroups, ...resources, ...verbs]);
    expect(words.filter((word) => word.includes('*'))).toEqual([]);
    expect(words.filter((word) => ['secrets', 'escalate', 'bind', 'impersonate', 'pods/exec'].includes(word))).toEqual([]);
  });

  test('let Secrets be read where certificates are, and there alone', async () => {
    const secretRights = async (set: readonly string[]) => [...new GrantedAccess(await render({ set }), 'sluice-config-server').granted].filter((right) => right.includes('secrets')).toSorted();
    expect(await secretRights([])).toEqual([]);
    expect(await secretRights(['gateway.certificateNamespaces={shop}'])).toEqual([]);
    expect(await secretRights(['gateway.httpsPort=8443'])).toEqual(['list core/secrets in *', 'watch core/secrets in *']);
    expect(await secretRights(['gateway.internalHttpsPort=8444'])).toEqual(['list core/secrets in *', 'watch core/secrets in *']);
    expect(await secretRights(['activator.httpsPort=8112'])).toEqual(['list', 'watch'].map((verb) => `${verb} core/secrets in mesh named routing-serving-certs`));
    expect(await secretRights(['gateway.httpsPort=8443', 'gateway.certificateNamespaces={shop,news}'])).toEqual(['list', 'watch'].flatMap((verb) => ['news', 'shop'].map((name) => `${verb} core/secrets in ${name}`)));
  });

  test('let the injector write nothing where somebody else makes its certificates', async () => {
    const set = ['injector.certificates.secretName=injector-tls', 'injector.podDryRun=false'];
    const granted = [...new GrantedAccess(await render({ set }), 'sluice-injector').granted].toSorted();
    expect(granted).toEqual([...['list', 'watch'].map((verb) => `${verb} core/configmaps in mesh`), ...['list', 'watch'].map((verb) => `${verb} core/secrets in mesh named injector-tls`)].toSorted());
  });

  test.each([[['gateway.httpsPort=8443']], [['gateway.httpsPort=8443', 'gateway.certificateNamespaces={shop,news}']], [['activator.httpsPort=8112', 'networkConfig.system-internal-tls=enabled']]])('suffice a config service with %s', async (set) => {
    const cluster = new GuardedCluster(await render({ set }));
    await cluster.start();
    await cluster.rest(2000);
    const { denied } = cluster.guards['config-server'];
    const unused = cluster.access['config-server'].unused().filter((right) => right.includes('secrets'));
    await cluster.stop();
    expect({ denied, unused }).toEqual({ denied: [], unused: [] });
  });

  test('let Secrets be written where certificates are issued, and there alone', async () => {
    const secretRights = async (set: readonly string[]) => [...new GrantedAccess(await render({ set }), 'sluice-controller').granted].filter((right) => right.includes('secrets')).toSorted();
    expect(await secretRights([])).toEqual([]);
    expect(await secretRights(['controller.certificates.issue=true'])).toEqual(['create', 'get', 'update'].map((verb) => `${verb} core/secrets in *`));
    expect(await secretRights(['controller.resolveImageDigests=true'])).toEqual(['get core/secrets in *']);
  });

  test('suffice a controller that issues certificates', async () => {
    const cluster = new GuardedCluster(await render({ set: ['controller.certificates.issue=true'] }));
    await cluster.start();
    cluster.lateWatches.release('networking.internal.knative.dev/certificates');
    const certificate = { apiVersion: 'networking.internal.knative.dev/v1alpha1', kind: 'Certificate', metadata: { ...hello, annotations: { 'networking.knative.dev/certificate-class': ownCertificateClass } } };
    const made = await cluster.admin.resource(certificateKind).create({ ...certificate, spec: { dnsNames: ['a.example.com'], secretName: 'a' } });
    await cluster.rest(2000);
    await cluster.admin.resource(certificateKind).update({ ...(await cluster.admin.resource(certificateKind).get(made.metadata)), spec: { ...made.spec, dnsNames: ['b.example.com'] } });
    await cluster.rest(2000);
    const { data } = await cluster.admin.resource(secrets).get({ namespace: 'default', name: 'a' });
    const { denied } = cluster.guards.controller;
    const unused = cluster.access.controller.unused().filter((right) => /secrets|certificates\/(status|finalizers)/.test(right));
    await cluster.stop();
    expect(new X509Certificate(Buffer.from(data?.['tls.crt'] ?? '', 'base64')).subjectAltName).toBe('DNS:b.example.com');
    expect({ denied, unused }).toEqual({ denied: [], unused: [] });
  });

  test('let Leases be held by the names of this division, and slices be written where statistics are heard', async () => {
    const bucketRights = async (set: readonly string[]) => [...new GrantedAccess(await render({ set }), 'sluice-autoscaler').granted].filter((right) => right.endsWith(' in mesh') || right.includes(' named ')).filter((right) => !right.includes('configmaps')).toSorted();
    const name = 'autoscaler-bucket-00-of-01';
    const held = ['create coordination.k8s.io/leases in mesh', ...['get', 'update'].map((verb) => `${verb} coordination.k8s.io/leases in mesh named ${name}`)];
    expect(await bucketRights([])).toEqual(held.toSorted());
    const written = ['create', 'patch'].map((verb) => `${verb} discovery.k8s.io/endpointslices in mesh named ${name}`);
    expect(await bucketRights(['autoscaler.statsPort=8080'])).toEqual([...held, ...written].toSorted());
    expect(await bucketRights(['leaderElectionConfig.buckets=10'])).toHaveLength(1 + 2 * 10);
  });

  test('suffice autoscalers that divide the revisions and hear statistics', async () => {
    const chart = await render({ set: ['autoscaler.statsPort=8181', 'leaderElectionConfig.buckets=3'] });
    const cluster = new GuardedCluster(chart);
    await cluster.start();
    await cluster.rest(5000);
    const { items } = await cluster.admin.resource(leases).list({ namespace: 'mesh' });
    const slices = await cluster.admin.resource(endpointSlices).list({ namespace: 'mesh' });
    const { denied } = cluster.guards.autoscaler;
    const unused = cluster.access.autoscaler.unused().filter((right) => /leases|endpointslices/.test(right));
    await cluster.stop();
    expect({ denied, unused }).toEqual({ denied: [], unused: [] });
    expect(items.map(({ metadata, spec }) => [metadata.name, spec?.holderIdentity])).toEqual([
      ...[0, 1, 2].map((bucket) => [`autoscaler-bucket-0${bucket}-of-03`, 'autoscaler-0_10.0.0.7']),
      ['sluice-controller', 'controller-0'],
    ]);
    // Each lies behind the Service of its name, at the port that leads there.
    for (const { metadata, ports } of slices.items) {
      expect(metadata.labels).toMatchObject({ 'kubernetes.io/service-name': metadata.name });
      const [port] = chart.get('Service', metadata.name).spec.ports ?? [];
      expect(ports).toMatchObject([{ name: port?.name, port: port?.targetPort }]);
    }
    expect(slices.items).toHaveLength(3);
  });

  test('let whoever brings a kind that answers somewhere say that it may be read', () => {
    expect(chart.ofKind<Role & KubernetesObject & { readonly aggregationRule?: unknown }>('ClusterRole').find(({ metadata }) => metadata.name === 'sluice-addressable-resolver')?.aggregationRule).toEqual({ clusterRoleSelectors: [{ matchLabels: { 'duck.knative.dev/addressable': 'true' } }] });
  });

  test('are bound to accounts of this release only', () => {
    const accounts = chart.ofKind('ServiceAccount').map(({ metadata }) => metadata.name);
    const bindings = [...chart.ofKind<Binding>('ClusterRoleBinding'), ...chart.ofKind<Binding>('RoleBinding')];
    for (const { kind, name, namespace } of bindings.flatMap(({ subjects }) => subjects)) {
      expect({ kind, namespace, isOurs: accounts.includes(name) }).toEqual({ kind: 'ServiceAccount', namespace: 'mesh', isOurs: true });
    }
  });

  test.each(components)('%s has an account of its own, and a token only if it may do anything', (name) => {
    const { serviceAccountName, automountServiceAccountToken } = chart.pod(name);
    const hasRights = new GrantedAccess(chart, serviceAccountName).granted.size > 0;
    expect({ serviceAccountName, automountServiceAccountToken }).toEqual({ serviceAccountName: `sluice-${name}`, automountServiceAccountToken: hasRights });
    expect(hasRights).toBe(!['activator', 'gateway'].includes(name));
  });
});

describe.skipIf(kubernetesToolsMissing !== undefined)('a Service, from its first apply to its end', () => {
  let cluster: GuardedCluster;
  beforeAll(async () => {
    cluster = new GuardedCluster(await render());
    await cluster.start();
  });
  afterAll(() => cluster?.stop());

  test('comes up although the controller’s caches are behind', async () => {
    await network({ 'autocreate-cluster-domain-claims': 'true', 'external-domain-tls': 'enabled' });
    await cluster.admin.resource(serviceKind).create(aService('hello'));
    await cluster.admin.resource(domainMappingKind).create(mapping);
    await cluster.rest(2000);
    for (const resource of madeByController) {
      cluster.lateWatches.release(resource);
      await cluster.rest(3000);
    }
    await cluster.rest(10_000);
    expect(await readiness()).toBe('True');
    expect((await cluster.admin.resource(deployments).list(inDefault)).items).toHaveLength(1);
  });

  test('sleeps when nobody calls', async () => {
    await cluster.rest(5 * 60_000);
    expect(await replicas()).toBe(0);
    expect((await cluster.admin.resource(serverlessServiceKind).get({ ...inDefault, name: 'hello-00001' })).spec.mode).toBe('Proxy');
  });

  test('gets a second revision, a tag, and another sidecar', async () => {
    const template = { spec: { containers: [{ image: 'example/hello:2' }] } };
    const traffic = [{ latestRevision: true, percent: 100, tag: 'newest' }];
    await cluster.admin.resource(serviceKind).patch(hello, { type: 'merge', body: { spec: { template, traffic } } });
    await cluster.rest(10_000);
    const data = { 'queue-sidecar-image': 'example/another' };
    await cluster.admin.resource(configMaps).patch({ namespace: 'mesh', name: 'config-deployment' }, { type: 'merge', body: { data } });
    const privateService = { ...inDefault, name: 'hello-00001-private' };
    // Somebody meddles with what is ours: it is put right.
    await cluster.admin.resource(coreServices).patch(privateService, { type: 'merge', body: { spec: { selector: { app: 'other' } } } });
    await cluster.rest(10_000);
    expect((await cluster.admin.resource(coreServices).get(privateService)).spec.selector).not.toMatchObject({ app: 'other' });
    const { items } = await cluster.admin.resource(deployments).list(inDefault);
    expect(items.map(({ spec }) => spec.template.spec.containers.map(({ image }) => image))).toEqual([
      ['example/hello', 'example/another'],
      ['example/hello:2', 'example/another'],
    ]);
  });

  test('has a host of its own, which it loses and gets back', async () => {
    const ingresses = async () => (await cluster.admin.resource(ingressKind).list(inDefault)).items.filter(({ metadata }) => metadata.name === mapping.metadata.name);
    expect(await ingresses()).toHaveLength(1);
    const annotations = { 'networking.knative.dev/http-protocol': 'enabled' };
    await cluster.admin.resource(domainMappingKind).patch(mapping.metadata, { type: 'merge', body: { metadata: { annotations } } });
    await cluster.rest(5000);
    expect((await ingresses())[0]?.metadata.annotations).toMatchObject(annotations);
    await network({ 'autocreate-cluster-domain-claims': 'false' });
    await cluster.admin.resource(clusterDomainClaimKind).delete({ name: mapping.metadata.name });
    await cluster.rest(5000);
    expect(await ingresses()).toEqual([]);
    await network({ 'autocreate-cluster-domain-claims': 'true' });
    await cluster.rest(5000);
    expect(await ingresses()).toHaveLength(1);
    await cluster.admin.resource(domainMappingKind).delete(mapping.metadata);
    await cluster.rest(10_000);
    expect((await cluster.admin.resource(clusterDomainClaimKind).list()).items).toEqual([]);
  });

  test('shares a certificate with its namespace, and then needs none', async () => {
    const names = async () => (await cluster.admin.resource(certificateKind).list(inDefault)).items.flatMap(({ spec }) => spec.dnsNames);
    expect((await names()).toSorted()).toEqual(['hello.default.example.com', 'newest-hello.default.example.com']);
    await network({ 'namespace-wildcard-cert-selector': 'matchLabels: { tier: web }' });
    await cluster.admin.resource(namespaces).patch({ name: 'default' }, { type: 'merge', body: { metadata: { labels: { tier: 'web' } } } });
    await cluster.rest(5000);
    expect(await names()).toEqual(['*.default.example.com']);
    await network({ 'certificate-class': 'another.certificate.networking.knative.dev' });
    await cluster.rest(5000);
    await network({ 'external-domain-tls': 'disabled' });
    await cluster.rest(5000);
    expect(await names()).toEqual([]);
  });

  test('loses the revision that nobody uses any more', async () => {
    const data = { 'min-non-active-revisions': '0', 'max-non-active-revisions': '0' };
    await cluster.admin.resource(configMaps).create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'mesh', name: 'config-gc' }, data });
    await cluster.rest(10_000);
    const { items } = await cluster.admin.resource(revisionKind).list(inDefault);
    expect(items.map(({ metadata }) => metadata.name)).toEqual(['hello-00002']);
  });

  test('may be wrong twice in the same way, which is one event counted up', async () => {
    for (const containerConcurrency of [-1, 1, -1]) {
      const body = { spec: { template: { spec: { containerConcurrency } } } };
      await cluster.admin.resource(serviceKind).patch(hello, { type: 'merge', body });
      await cluster.rest(10_000);
      expect(await readiness()).toBe(containerConcurrency < 0 ? 'False' : 'True');
    }
  });

  test('has an EndpointSlice that is no good beside it, twice, which is one event too', async () => {
    const port = (number: number) => ({ ports: [{ name: 'http', port: number }] });
    const odd = { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata: { ...inDefault, name: 'odd' }, addressType: 'IPv4', endpoints: [], ...port(70_000) } as const;
    await cluster.admin.resource(endpointSlices).create(odd);
    for (const number of [80, 70_000]) {
      await cluster.rest(1000);
      await cluster.admin.resource(endpointSlices).patch(odd.metadata, { type: 'merge', body: port(number) });
    }
    await cluster.rest(1000);
    const { items } = await cluster.admin.resource(events).list(inDefault);
    expect(items.filter(({ involvedObject }) => involvedObject.name === 'odd')).toMatchObject([{ reason: 'Refused', count: 2, source: { component: 'sluice-config-server' } }]);
  });

  test('has its pod tried where somebody asks', async () => {
    const kind = { group: 'serving.knative.dev', version: 'v1', kind: 'Service' };
    const request = { uid: 'u', kind, operation: 'CREATE', namespace: 'default', object: aService('tried'), dryRun: true } as const;
    expect(await cluster.reviewers['/validation']?.(request)).toMatchObject({ kind: 'allow' });
    expect(await cluster.reviewers['/validation']?.({ ...request, namespace: 'nowhere' })).toMatchObject({ kind: 'refuse', message: expect.stringContaining('dry run failed with namespaces "nowhere" not found') as string });
    expect((await cluster.admin.resource(pods).list(inDefault)).items.filter(({ metadata }) => metadata.name.startsWith('dry-run-validation'))).toEqual([]);
  });

  test('may leave its pods to Kubernetes’ own autoscaler', async () => {
    const steady = { namespace: 'default', name: 'steady' };
    const annotations = { 'autoscaling.knative.dev/class': 'hpa.autoscaling.knative.dev', 'autoscaling.knative.dev/metric': 'cpu', 'autoscaling.knative.dev/max-scale': '7' };
    await cluster.admin.resource(serviceKind).create(aService('steady', { template: { annotations } }));
    await cluster.rest(20_000);
    const found = async () => (await cluster.admin.resource(horizontalPodAutoscalers).list(inDefault)).items;
    expect((await found()).map(({ metadata, spec }) => [metadata.name, spec.maxReplicas])).toEqual([['steady-00001', 7]]);
    // Somebody meddles with it: it is put right.
    await cluster.admin.resource(horizontalPodAutoscalers).patch({ namespace: 'default', name: 'steady-00001' }, { type: 'merge', body: { spec: { maxReplicas: 100 } } });
    await cluster.rest(5000);
    expect((await found()).map(({ spec }) => spec.maxReplicas)).toEqual([7]);
    const { status } = await cluster.admin.resource(serviceKind).get(steady);
    expect(status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('True');
    await cluster.admin.resource(serviceKind).delete(steady);
    await cluster.rest(30_000);
    expect(await found()).toEqual([]);
  });

  test('has ways in of Kubernetes’ own kinds beside it, and each says what became of it', async () => {
    const gatewayApi = 'gateway.networking.k8s.io/v1';
    const rules = [{ backendRefs: [{ name: 'nobody', port: 80 }] }];
    const parentRefs = [{ name: 'edge' }];
    const gatewayClass: GatewayClass = { apiVersion: gatewayApi, kind: 'GatewayClass', metadata: { name: 'sluice' }, spec: { controllerName: gatewayController } };
    const gateway: Gateway = { apiVersion: gatewayApi, kind: 'Gateway', metadata: { ...inDefault, name: 'edge' }, spec: { gatewayClassName: 'sluice', listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }] } };
    const httpRoute: HttpRoute = { apiVersion: gatewayApi, kind: 'HTTPRoute', metadata: { ...inDefault, name: 'web' }, spec: { parentRefs, hostnames: ['web.example.org'], rules } };
    const grpcRoute: GrpcRoute = { apiVersion: gatewayApi, kind: 'GRPCRoute', metadata: { ...inDefault, name: 'grpc' }, spec: { parentRefs, hostnames: ['grpc.example.org'], rules } };
    const tlsRoute: TlsRoute = { apiVersion: gatewayApi, kind: 'TLSRoute', metadata: { ...inDefault, name: 'tls' }, spec: { parentRefs, hostnames: ['tls.example.org'], rules } };
    const tcpRoute: TcpRoute = { apiVersion: 'gateway.networking.k8s.io/v1alpha2', kind: 'TCPRoute', metadata: { ...inDefault, name: 'tcp' }, spec: { parentRefs, rules } };
    const policy: BackendTlsPolicy = { apiVersion: gatewayApi, kind: 'BackendTLSPolicy', metadata: { ...inDefault, name: 'nobody' }, spec: { targetRefs: [{ group: '', kind: 'Service', name: 'nobody' }], validation: { hostname: 'nobody.example.org', caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'nobody' }] } } };
    const ingress: KubernetesIngress = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { ...inDefault, name: 'web' },
      spec: { ingressClassName: 'sluice', rules: [{ http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'nobody', port: { number: 80 } } } }] } }] },
    };
    const [ingressClass] = (await render()).ofKind<IngressClass>('IngressClass');
    if (!ingressClass) throw new Error('the chart has no IngressClass');
    const { metadata, ...front } = (await render()).get('Service', 'sluice-gateway');
    const service = await cluster.admin.resource(coreServices).create({ ...front, metadata: { ...metadata, namespace: 'mesh' } });
    await cluster.admin.resource(coreServices).patch(service.metadata, { type: 'merge', body: { status: { loadBalancer: { ingress: [{ ip: '192.0.2.7' }] } } } }, { subresource: 'status' });
    await cluster.admin.resource(ingressClassKind).create(ingressClass);
    await cluster.admin.resource(gatewayClassKind).create(gatewayClass);
    await cluster.admin.resource(gatewayKind).create(gateway);
    await cluster.admin.resource(httpRouteKind).create(httpRoute);
    await cluster.admin.resource(grpcRouteKind).create(grpcRoute);
    await cluster.admin.resource(tlsRouteKind).create(tlsRoute);
    await cluster.admin.resource(tcpRouteKind).create(tcpRoute);
    await cluster.admin.resource(backendTlsPolicyKind).create(policy);
    await cluster.admin.resource(kubernetesIngressKind).create(ingress);
    await cluster.rest(30_000);
    expect((await cluster.admin.resource(gatewayKind).get(gateway.metadata)).status).toMatchObject({ addresses: [{ value: '192.0.2.7' }], conditions: [{ type: 'Accepted', status: 'True' }, { type: 'Programmed', status: 'True' }] });
    expect((await cluster.admin.resource(gatewayClassKind).get({ name: 'sluice' })).status).toMatchObject({ conditions: [{ type: 'Accepted', status: 'True' }] });
    expect((await cluster.admin.resource(httpRouteKind).get(httpRoute.metadata)).status).toMatchObject({ parents: [{ conditions: [{ type: 'Accepted', status: 'True' }, { type: 'ResolvedRefs', status: 'False' }] }] });
    expect((await cluster.admin.resource(grpcRouteKind).get(grpcRoute.metadata)).status).toMatchObject({ parents: [{ controllerName: gatewayController }] });
    expect((await cluster.admin.resource(tlsRouteKind).get(tlsRoute.metadata)).status).toMatchObject({ parents: [{ conditions: [{ type: 'Accepted', status: 'False' }, {}] }] });
    expect((await cluster.admin.resource(backendTlsPolicyKind).get(policy.metadata)).status).toMatchObject({ ancestors: [{ conditions: [{ type: 'Accepted', status: 'False' }, { type: 'ResolvedRefs', status: 'False' }] }] });
    expect((await cluster.admin.resource(tcpRouteKind).get(tcpRoute.metadata)).status).toMatchObject({ parents: [{ conditions: [{ type: 'Accepted', status: 'False' }, {}] }] });
    expect((await cluster.admin.resource(kubernetesIngressKind).get(ingress.metadata)).status).toEqual({ loadBalancer: { ingress: [{ ip: '192.0.2.7' }] } });
    await cluster.admin.resource(coreServices).delete(service.metadata);
  });

  test('may be served by others’ gateways, and by ours again', async () => {
    const ingressClass = (name: string | null) => cluster.admin.resource(serviceKind).patch(hello, { type: 'merge', body: { metadata: { annotations: { 'networking.knative.dev/ingress-class': name } } } });
    const sliceOf = async (service: string) => (await cluster.admin.resource(endpointSlices).list(inDefault)).items.filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === service).map(({ endpoints, ports }) => [endpoints[0]?.addresses[0], ports?.length]);
    const activators = {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { namespace: 'mesh', name: 'activators', labels: { 'kubernetes.io/service-name': 'activator-service' } },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['10.0.0.8'], conditions: { ready: true } }],
      ports: [{ name: 'http', port: 8012 }],
    } as const;
    await cluster.admin.resource(endpointSlices).create(activators);
    await cluster.admin.resource(serviceKind).patch(hello, { type: 'merge', body: { spec: { template: { spec: { containerConcurrency: 1 } } } } });
    await ingressClass('other.ingress.networking.knative.dev');
    await cluster.rest(5000);
    for (const ip of ['192.0.2.1', '192.0.2.2']) {
      const ingress = await cluster.admin.resource(ingressKind).get(hello);
      await cluster.admin.resource(ingressKind).updateStatus({ ...ingress, status: { privateLoadBalancer: { ingress: [{ ip }] } } });
      await cluster.rest(2000);
      expect(await sliceOf('hello')).toEqual([[ip, 1]]);
    }
    const revision = (await cluster.admin.resource(serviceKind).get(hello)).status?.latestReadyRevisionName ?? '';
    expect(await sliceOf(revision)).toEqual([['10.0.0.8', 1]]);
    await cluster.admin.resource(endpointSlices).patch(activators.metadata, { type: 'merge', body: { ports: [...activators.ports, { name: 'https', port: 8112 }] } });
    await cluster.rest(2000);
    expect(await sliceOf(revision)).toEqual([['10.0.0.8', 2]]);
    await cluster.admin.resource(endpointSlices).delete(activators.metadata);
    await ingressClass(null);
    await cluster.rest(10_000);
    const kept = (await cluster.admin.resource(coreServices).list(inDefault)).items.filter(({ metadata }) => !metadata.name.endsWith('-private'));
    expect(kept.map(({ metadata, spec }) => `${metadata.name} ${spec.type}`).toSorted()).toEqual(['hello ExternalName', 'newest-hello ExternalName']);
  });

  test('leaves nothing behind', async () => {
    await cluster.admin.resource(serviceKind).delete(hello);
    await cluster.rest(30_000);
    const kinds = [serviceKind, configurationKind, routeKind, revisionKind, podAutoscalerKind, serverlessServiceKind, deployments, coreServices, pods];
    const left = await Promise.all(kinds.map(async (kind) => (await cluster.admin.resource<KubernetesObject>(kind).list(inDefault)).items.map(({ metadata }) => metadata.name)));
    expect(left.flat()).toEqual([]);
  });

  test.each(guardedComponents)('and all along %s asked for what it may, and for all that it may', (name) => {
    expect({ denied: cluster.guards[name].denied, unused: cluster.access[name].unused() }).toEqual({ denied: [], unused: [] });
  });

  async function network(data: Readonly<Record<string, string>>): Promise<void> {
    await cluster.admin.resource(configMaps).patch({ namespace: 'mesh', name: 'config-network' }, { type: 'merge', body: { data } });
  }

  async function readiness(): Promise<string | undefined> {
    const { status } = await cluster.admin.resource(serviceKind).get(hello);
    return status?.conditions?.find(({ type }) => type === 'Ready')?.status;
  }

  async function replicas(): Promise<number | undefined> {
    const { items } = await cluster.admin.resource(deployments).list(inDefault);
    return items[0]?.spec.replicas;
  }
});
