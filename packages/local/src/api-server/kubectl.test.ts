/**
 * A real kubectl against the server on a socket. Skipped, with a word on the console, where there is none;
 * everything it shows is also held by the conversations.
 */
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { systemClock, systemRandom, systemTimers } from '@sluice/kernel';
import { RecordingLogger } from '@sluice/kernel/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApiServer, type ApiServer } from './api-server.ts';
import { serveApiServer, type ServedApiServer } from './http-server.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { createMemoryStorage } from './storage/memory-storage.ts';

const CHART = join(import.meta.dirname, '../../../../charts/sluice-crds/templates');

function hasKubectl(): boolean {
  try {
    execFileSync('kubectl', ['version', '--client'], { stdio: 'ignore' });
    return true;
  } catch {
    process.stderr.write('kubectl is not installed: its tests are skipped\n');
    return false;
  }
}

const SERVICE = `apiVersion: serving.knative.dev/v1
kind: Service
metadata: {name: hello}
spec:
  template:
    spec: {containers: [{image: dev.local/hello, env: [{name: TARGET, value: World}]}]}
`;
const DEPLOYMENT = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: 'x:1'}]}
`;

describe.skipIf(!hasKubectl())('kubectl', { timeout: 60_000 }, () => {
  let folder: string;
  let server: ApiServer;
  let served: ServedApiServer;
  const logger = new RecordingLogger();

  const run = promisify(execFile);
  /** What it prints; what went wrong is thrown with its words. */
  const kubectl = async (...parameters: string[]): Promise<string> => {
    const env = { ...process.env, KUBECONFIG: join(folder, 'kubeconfig'), HOME: folder };
    return (await run('kubectl', parameters, { env })).stdout;
  };
  const file = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-kubectl-'));
    server = createApiServer({ clock: systemClock, timers: systemTimers, random: systemRandom, storage: createMemoryStorage(), logger });
    served = await serveApiServer(server);
    writeKubeconfig(join(folder, 'kubeconfig'), served.url);
    await kubectl('apply', '-f', CHART);
    await kubectl('wait', '--for=condition=Established', 'crd', '--all', '--timeout=10s');
  });
  afterAll(async () => {
    server.stop();
    await served.close();
    rmSync(folder, { recursive: true });
    expect(logger.events).toEqual([]);
  });

  it('applies, shows, changes, waits for and deletes a Service', async () => {
    const path = file('service.yaml', SERVICE);
    expect(await kubectl('apply', '-f', path)).toBe('service.serving.knative.dev/hello created\n');
    expect(await kubectl('apply', '-f', path)).toBe('service.serving.knative.dev/hello unchanged\n');
    expect(await kubectl('apply', '-f', file('service.yaml', SERVICE.replace('World', 'You')))).toBe('service.serving.knative.dev/hello configured\n');
    const status = { status: { url: 'http://hello.default.localhost', conditions: [{ type: 'Ready', status: 'True' }] } };
    await kubectl('patch', 'ksvc', 'hello', '--subresource=status', '--type=merge', '-p', JSON.stringify(status));
    expect(await kubectl('wait', 'ksvc/hello', '--for=condition=Ready', '--timeout=10s')).toContain('condition met');
    expect((await kubectl('get', 'ksvc')).split('\n').map((line) => line.trim().split(/ {2,}/))).toEqual([
      ['NAME', 'URL', 'LATESTCREATED', 'LATESTREADY', 'READY', 'REASON'],
      ['hello', 'http://hello.default.localhost', 'True'],
      [''],
    ]);
    expect(await kubectl('describe', 'ksvc', 'hello')).toContain('Value:  You');
    expect(await kubectl('explain', 'ksvc.spec.template.spec.timeoutSeconds')).toContain('FIELD: timeoutSeconds <integer>');
    expect(await kubectl('delete', 'ksvc', 'hello')).toBe('service.serving.knative.dev "hello" deleted\n');
  });

  it('names a field nobody knows', async () => {
    const path = file('typo.yaml', SERVICE.replace('containers', 'containerz'));
    await expect(kubectl('apply', '-f', path)).rejects.toThrow('unknown field "spec.template.spec.containerz"');
  });

  it('scales, sets, restarts, labels and diffs a Deployment', async () => {
    const path = file('deployment.yaml', DEPLOYMENT);
    await kubectl('apply', '-f', path);
    await kubectl('scale', 'deployment', 'web', '--replicas=3');
    await kubectl('set', 'image', 'deployment/web', 'c=x:2');
    await kubectl('rollout', 'restart', 'deployment/web');
    await kubectl('label', 'deployment', 'web', 'team=a');
    expect(await kubectl('get', 'deployment', 'web', '-o', 'jsonpath={.spec.replicas} {.spec.template.spec.containers[0].image} {.metadata.labels.team}')).toBe('3 x:2 a');
    await expect(kubectl('diff', '-f', path)).rejects.toThrow(expect.objectContaining({ code: 1, stdout: expect.stringContaining('-      - image: x:2') }));
    expect(await kubectl('apply', '-f', path)).toContain('configured');
    expect(await kubectl('describe', 'deployment', 'web')).toContain('x:1');
    await kubectl('delete', 'deployment', 'web');
  });

  it('applies on the server, and hears of conflicts', async () => {
    const path = file('map.yaml', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata: {k: "1"}\n');
    expect(await kubectl('apply', '--server-side', '-f', path)).toBe('configmap/m serverside-applied\n');
    const other = file('other.yaml', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata: {k: "2"}\n');
    await expect(kubectl('apply', '--server-side', '--field-manager=other', '-f', other)).rejects.toThrow('conflict with "kubectl": .data.k');
    await kubectl('apply', '--server-side', '--field-manager=other', '--force-conflicts', '-f', other);
    expect(await kubectl('get', 'configmap', 'm', '-o', 'jsonpath={.data.k}')).toBe('2');
  });

  it('creates what it sends in protobuf', async () => {
    await kubectl('create', 'namespace', 'demo');
    await kubectl('create', 'configmap', 'c', '--from-literal=a=1', '-n', 'demo');
    await kubectl('create', 'secret', 'generic', 's', '--from-literal=a=1', '-n', 'demo');
    await kubectl('create', 'serviceaccount', 'sa', '-n', 'demo');
    await kubectl('create', 'deployment', 'd', '--image=x', '--port=80', '--replicas=2', '-n', 'demo');
    await kubectl('create', 'service', 'clusterip', 'd', '--tcp=80:8080', '-n', 'demo');
    expect(await kubectl('get', 'secret', 's', '-n', 'demo', '-o', 'jsonpath={.data.a}')).toBe('MQ==');
    expect(await kubectl('get', 'service', 'd', '-n', 'demo', '-o', 'jsonpath={.spec.ports[0].port} {.spec.ports[0].targetPort} {.spec.selector.app}')).toBe('80 8080 d');
    expect(await kubectl('get', 'deployment', 'd', '-n', 'demo', '-o', 'jsonpath={.spec.replicas} {.spec.template.spec.containers[0].ports[0].containerPort}')).toBe('2 80');
    await kubectl('create', 'role', 'reader', '--verb=get,list', '--resource=pods', '-n', 'demo');
    await kubectl('create', 'rolebinding', 'readers', '--role=reader', '--serviceaccount=demo:sa', '-n', 'demo');
    expect(await kubectl('get', 'rolebinding', '-n', 'demo', '-o', 'wide')).toMatch(/readers +Role\/reader +\d+s +demo\/sa\n$/);
    expect((await kubectl('create', 'token', 'sa', '-n', 'demo')).trim().split('.')).toHaveLength(3);
    expect(await kubectl('auth', 'can-i', 'delete', 'pods')).toBe('yes\n');
    expect(await kubectl('delete', 'namespace', 'demo', '--timeout=10s')).toBe('namespace "demo" deleted\n');
  });

  it('follows changes', async () => {
    const watching = kubectl('get', 'configmap', '-l', 'w=1', '-w', '-o', 'name', '--request-timeout=3s').catch((error: { stdout: string }) => error.stdout);
    // The watch has no beginning that kubectl would tell of; an object that exists before it begins is listed.
    await kubectl('apply', '-f', file('w.yaml', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: w, labels: {w: "1"}}\n'));
    expect(await watching).toContain('configmap/w');
  });
});
