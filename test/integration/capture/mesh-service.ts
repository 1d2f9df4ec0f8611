/** A config service with one Service of the mesh to tell of, behind a Unix socket, so that it is reached from whatever network. */
import { mkdtempSync, rmSync, chmodSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { composeConfigServer } from '@sluice/config-server';
import { createMeter, silentLogger, systemClock as clock, systemRandom as random, systemTimers as timers } from '@sluice/kernel';
import { configMaps, endpointSlices, KubernetesClient, secrets, services, type EndpointSlice, type Service } from '@sluice/kubernetes';
import { FakeApiServer } from '@sluice/kubernetes/testing';
import { ingressKind, podAutoscalerKind, revisionKind, routeKind, serverlessServiceKind } from '@sluice/serving';
import { defaultTranslateOptions } from '@sluice/translator';
import { loadCodec, openGrpcServer } from '@sluice/xds';

const kinds = [revisionKind, routeKind, podAutoscalerKind, serverlessServiceKind, ingressKind, endpointSlices, services, secrets, configMaps];

export interface MeshService {
  readonly path: string;
  /** Those behind `payments` in `shop`: HTTP at 7100, something else at 7000. Its address is 10.96.0.10, its ports 80 and 5000. */
  setPods(addresses: readonly string[]): void;
  /** Twice is as once. */
  stop(): Promise<void>;
}

export async function startMeshService(): Promise<MeshService> {
  const codec = await loadCodec('admin');
  const api = new FakeApiServer({ kinds, clock });
  const setPods = (addresses: readonly string[]): void => api.put(slice(addresses));
  api.put(payments);
  setPods(['10.77.0.10', '10.77.0.11']);
  const service = composeConfigServer({
    client: new KubernetesClient({ transport: api, fieldManager: 'test' }),
    codec,
    listen: (handlers) => openGrpcServer({ address: '127.0.0.1:0', codec, handlers, timers }),
    systemNamespace: 'sluice-system',
    identity: 'config-server-0',
    translate: defaultTranslateOptions,
    clock,
    timers,
    random,
    logger: silentLogger,
    meter: createMeter(),
  });
  await service.start();
  const folder = mkdtempSync(join(tmpdir(), 'sluice-mesh-'));
  const path = join(folder, 'socket');
  const relay = createServer((socket) => {
    const other = connect(service.port, '127.0.0.1');
    for (const one of [socket, other]) one.on('error', () => [socket, other].forEach((end) => end.destroy()));
    socket.pipe(other).pipe(socket);
  });
  await new Promise<void>((resolve) => relay.listen(path, resolve));
  chmodSync(folder, 0o755);
  let stopped: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    await service.stop();
    relay.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return { path, setPods, stop: () => (stopped ??= stop()) };
}

const payments: Service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace: 'shop', name: 'payments' },
  spec: { clusterIP: '10.96.0.10', ports: [{ name: 'http', port: 80 }, { name: 'tcp', port: 5000 }] },
};

function slice(addresses: readonly string[]): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace: 'shop', name: 'payments-1', labels: { 'kubernetes.io/service-name': 'payments' } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 7100, protocol: 'TCP' }, { name: 'tcp', port: 7000, protocol: 'TCP' }],
    endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
  };
}
