/**
 * A server in a thread of its own that knows one thing: many pods, as large as they are on a cluster, in pages. Told `expire`, it ends its
 * watches with 410 and has other pods afterwards: a tenth has gone, a tenth is new, the rest has changed.
 */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';

const { objects } = workerData as { readonly objects: number };
const VERSIONS_APART = 100_000;
const watches = new Set<ServerResponse>();
let generation = 1;

const server = createServer((request, response) => {
  const { searchParams } = new URL(request.url ?? '/', 'http://server');
  if (searchParams.get('watch') === 'true') {
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
    watches.add(response);
    if (Number(searchParams.get('resourceVersion')) < generation * VERSIONS_APART) expireWatches();
    return;
  }
  const limit = Number(searchParams.get('limit') ?? objects);
  const first = Number(searchParams.get('continue') ?? (generation - 1) * (objects / 10));
  const last = (generation - 1) * (objects / 10) + objects;
  const items = Array.from({ length: Math.min(limit, last - first) }, (_, index) => pod(first + index));
  const next = first + items.length < last ? { continue: String(first + items.length) } : {};
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ kind: 'PodList', apiVersion: 'v1', metadata: { resourceVersion: String(generation * VERSIONS_APART), ...next }, items }));
});

function pod(number: number): object {
  const name = `pod-${String(number).padStart(5, '0')}`;
  const env = Array.from({ length: 8 }, (_, index) => ({ name: `SETTING_${index}`, value: `value of ${index}` }));
  const container = { name: 'user', image: `registry.example.com/team/app@sha256:${'0'.repeat(64)}`, env, resources: { requests: { cpu: '100m', memory: '128Mi' } }, ports: [{ containerPort: 8080 }] };
  const condition = (type: string) => ({ type, status: 'True', lastProbeTime: null, lastTransitionTime: '2026-01-01T00:00:00Z' });
  return {
    metadata: { name, namespace: `team-${number % 50}`, uid: `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`, resourceVersion: String(generation), labels: { app: `app-${number % 500}` } },
    spec: { containers: [container, { ...container, name: 'queue-proxy' }], nodeName: `node-${number % 100}` },
    status: { phase: 'Running', podIP: '10.0.0.1', conditions: ['PodScheduled', 'Initialized', 'ContainersReady', 'Ready'].map(condition) },
  };
}

server.listen(0, '127.0.0.1', () => parentPort?.postMessage((server.address() as AddressInfo).port, []));

parentPort?.on('message', () => {
  generation += 1;
  expireWatches();
});

function expireWatches(): void {
  const status = { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'Expired', code: 410, message: 'too old resource version' };
  for (const watch of watches) watch.end(`${JSON.stringify({ type: 'ERROR', object: status })}\n`);
  watches.clear();
}
