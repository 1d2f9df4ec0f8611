/** Services of a mesh under measurement: made asleep, waited for, deleted; over the API as anybody would. */
import { get } from '../../e2e/http-client.ts';
import type { LocalMesh } from '../../e2e/local-mesh.ts';
import { eventually } from '../../support/eventually.ts';
import { programFile } from './program.ts';

const servicesPath = '/apis/serving.knative.dev/v1/namespaces/default/services';

/** Long: batches are made while the machine has much to do. */
const patience = { withinMs: 30_000 };

/** Services may have an initial scale of zero from now on. */
export async function mayStartAsleep(mesh: LocalMesh): Promise<void> {
  await call(mesh, 'PATCH', '/api/v1/namespaces/sluice-system/configmaps/config-autoscaler', { data: { 'allow-zero-initial-scale': 'true' } });
}

export async function createService(mesh: LocalMesh, service: object): Promise<void> {
  // Refused until the change of the configuration has been heard of.
  await eventually(() => call(mesh, 'POST', servicesPath, service), patience);
}

/** Until it is ready, without a process, and the gateway knows the way: it is asked in the manner of probes, which wake nobody. */
export async function untilAsleepAndRouted(mesh: LocalMesh, name: string): Promise<void> {
  await eventually(async () => {
    const { status } = (await call(mesh, 'GET', `${servicesPath}/${name}`)) as { readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] } };
    if (!status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True')) throw new Error(`${name} is not ready: ${JSON.stringify(status)}`);
    const probed = await get(mesh.port, `${name}.default.localhost`, { path: '/healthz', headers: { 'k-network-probe': 'probe', 'k-network-hash': name } });
    if (probed.status !== 200) throw new Error(`the gateway does not know ${name}: ${probed.status} ${probed.body}`);
  }, patience);
}

/** Until nothing of them runs any more. */
export async function deleteServices(mesh: LocalMesh, names: readonly string[]): Promise<void> {
  for (const name of names) await call(mesh, 'DELETE', `${servicesPath}/${name}`);
  await eventually(() => {
    if (mesh.processes(programFile).length > 0) throw new Error('programs of deleted services still run');
  }, patience);
}

async function call(mesh: LocalMesh, method: string, path: string, body?: object): Promise<unknown> {
  const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  const response = await fetch(`${mesh.apiServer}${path}`, { method, ...(body ? { headers: { 'content-type': type }, body: JSON.stringify(body) } : {}) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return JSON.parse(text);
}
