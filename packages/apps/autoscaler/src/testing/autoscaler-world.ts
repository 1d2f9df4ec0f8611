/** Autoscalers against an API server in memory and peers on a simulated network, on a clock moved by hand. */
import { Buffer } from 'node:buffer';
import { createMeter, createSeededRandom, type Connection } from '@sluice/kernel';
import { RecordingLogger, SimulatedLinks, SimulatedNetwork, SimulatedTime } from '@sluice/kernel/testing';
import {
  configMaps,
  deployments,
  endpointSlices,
  horizontalPodAutoscalers,
  KubernetesClient,
  leases,
  type Deployment,
  type KubernetesObject,
  type Transport,
} from '@sluice/kubernetes';
import { FakeApiServer } from '@sluice/kubernetes/testing';
import { podAutoscalerKind, serverlessServiceKind, type PodAutoscaler, type ServerlessService } from '@sluice/serving';
import { encodeStat, emptyStat, type WireStat } from '@sluice/stats';
import { composeAutoscaler, type Autoscaler, type AutoscalerOptions } from '../compose.ts';

const started = '2026-01-01T00:00:00Z';

export function createAutoscalerWorld() {
  const time = new SimulatedTime();
  const links = new SimulatedLinks({ time });
  const network = new SimulatedNetwork({ links });
  const kinds = [deployments, endpointSlices, configMaps, leases, horizontalPodAutoscalers, podAutoscalerKind, serverlessServiceKind];
  const api = new FakeApiServer({ kinds, clock: time });

  /** A revision with one replica, a limit of ten and no burst capacity, so that seven in flight want a pod. */
  function addRevision(name: string, annotations: Record<string, string> = {}): void {
    const deployment = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { namespace: 'default', name: `${name}-deployment`, labels: { 'serving.knative.dev/revision': name } },
      spec: { replicas: 1, selector: {}, template: { spec: { containers: [] } } },
    };
    const pa = {
      apiVersion: 'autoscaling.internal.knative.dev/v1alpha1',
      kind: 'PodAutoscaler',
      metadata: { namespace: 'default', name, labels: { 'serving.knative.dev/service': `${name}-service`, 'serving.knative.dev/configuration': `${name}-configuration` }, creationTimestamp: started, annotations: { 'autoscaling.knative.dev/target-burst-capacity': '0', ...annotations } },
      spec: {
        containerConcurrency: 10,
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: `${name}-deployment` },
        protocolType: 'http1',
        reachability: 'Reachable',
      },
    };
    api.put<KubernetesObject>(deployment, pa);
  }

  /** What the controllers beneath would do: the private Service and its slice with these pods, by name and address. */
  function setReadyPods(name: string, pods: Readonly<Record<string, string>>): void {
    const sks = api.find(serverlessServiceKind, `default/${name}`) as ServerlessService;
    const conditions = [{ type: 'Ready', status: 'True' }];
    api.put({ ...sks, status: { serviceName: name, privateServiceName: `${name}-private`, conditions } } as ServerlessService);
    api.put({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { namespace: 'default', name: `${name}-private-abc`, labels: { 'kubernetes.io/service-name': `${name}-private` } },
      addressType: 'IPv4',
      endpoints: Object.entries(pods).map(([pod, address]) => ({ addresses: [address], conditions: { ready: true }, targetRef: { kind: 'Pod', name: pod } })),
      ports: [{ name: 'http-autometric', port: 9090, protocol: 'TCP' }],
    } as KubernetesObject);
  }

  function startAutoscaler(identity: string, address: string, changes: Partial<AutoscalerOptions> & { readonly transport?: Transport } = {}) {
    const { transport = api, ...options } = changes;
    const logger = new RecordingLogger();
    const meter = createMeter();
    const autoscaler: Autoscaler = composeAutoscaler({
      client: new KubernetesClient({ transport, fieldManager: identity }),
      openLoad: () => Promise.reject(new Error('there is no config service')),
      network: network.view(identity, address),
      statsAddress: { host: address, port: 8080 },
      systemNamespace: 'sluice-system',
      identity,
      clock: time,
      timers: time,
      random: createSeededRandom(identity.length),
      logger,
      meter,
      ...options,
    });
    void autoscaler.start();
    return { autoscaler, logger, meter };
  }

  /** A pod that answers scrapes as a stock queue-proxy does. */
  async function startQueueProxy(podName: string, address: string) {
    const pod = { scrapes: 0, heads: [] as string[], stat: emptyStat(podName) as WireStat };
    await network.view(podName, address).listen({ host: address, port: 9090 }, (connection: Connection) => {
      let request = '';
      connection.handler = {
        onData(memory, length) {
          request += memory.toString('latin1', 0, length);
          if (!/^GET \/metrics HTTP\/1\.1\r\n[^]*\r\n\r\n$/.test(request)) return;
          pod.scrapes += 1;
          pod.heads.push(request);
          const body = encodeStat({ ...pod.stat, podName });
          const head = `HTTP/1.1 200 OK\r\nContent-Type: application/protobuf\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`;
          const answer = Buffer.concat([Buffer.from(head), body]);
          connection.write(answer, 0, answer.length);
          connection.end();
        },
        onDrain() {},
        onEnd() {},
        onClose() {},
      };
    });
    return pod;
  }

  return {
    time,
    links,
    network,
    api,
    addRevision,
    setReadyPods,
    startAutoscaler,
    startQueueProxy,
    replicas: (name: string) => (api.find(deployments, `default/${name}-deployment`) as Deployment).spec.replicas,
    sks: (name: string) => api.find(serverlessServiceKind, `default/${name}`) as ServerlessService,
    pa: (name: string) => api.find(podAutoscalerKind, `default/${name}`) as PodAutoscaler,
  };
}

export type AutoscalerWorld = ReturnType<typeof createAutoscalerWorld>;
