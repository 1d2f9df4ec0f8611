/** Looks at a mesh that should be at rest. */
import { deployments, pods, type Deployment, type Pod } from '@sluice/kubernetes';
import { labels, revisionKind, routeKind, serviceKind } from '@sluice/serving';
import type { ClientRequest } from './clients.ts';
import type { Sandbox } from './floor/sandbox.ts';
import type { MeshAtRest, ProcessAtRest, RevisionAtRest, ServiceAtRest } from './mesh-at-rest.ts';
import type { Mesh } from './mesh.ts';
import { userNamespace } from './service-manifest.ts';

/** @param firedBefore how many timers each process had fired `forMs` ago */
export async function observeAtRest(
  mesh: Mesh,
  requests: readonly ClientRequest[],
  firedBefore: ReadonlyMap<Sandbox, number>,
  forMs: number,
): Promise<MeshAtRest> {
  const processes = mesh.floor.processes.map(({ name, sandbox, component }): ProcessAtRest => ({
    name,
    held: component?.held?.() ?? new Map(),
    timersPerSecond: (sandbox.timersFired - (firedBefore.get(sandbox) ?? 0)) / (forMs / 1000),
  }));
  return { requests, processes, services: await observeServices(mesh) };
}

async function observeServices({ client }: Mesh): Promise<ServiceAtRest[]> {
  const inNamespace = { namespace: userNamespace };
  const [services, routes, revisions, allDeployments, allPods] = await Promise.all([
    client.resource(serviceKind).list(inNamespace),
    client.resource(routeKind).list(inNamespace),
    client.resource(revisionKind).list(inNamespace),
    client.resource(deployments).list(inNamespace),
    client.resource(pods).list(inNamespace),
  ]);
  return services.items.map(({ metadata: { name }, status }) => {
    const route = routes.items.find((candidate) => candidate.metadata.name === name);
    const routed = new Set(route?.status?.traffic?.map(({ revisionName }) => revisionName));
    const own = revisions.items.filter(({ metadata }) => metadata.labels?.[labels.service] === name);
    return {
      name,
      ready: status?.conditions?.find(({ type }) => type === 'Ready')?.status ?? 'missing',
      revisions: own.map((revision): RevisionAtRest => {
        const revisionName = revision.metadata.name ?? '';
        return {
          name: revisionName,
          isRouted: routed.has(revisionName),
          replicas: replicasOf(allDeployments.items, revisionName),
          pods: podsOf(allPods.items, revisionName),
        };
      }),
    };
  });
}

function replicasOf(all: readonly Deployment[], revision: string): number {
  return all.find(({ metadata }) => metadata.labels?.[labels.revision] === revision)?.spec.replicas ?? 0;
}

function podsOf(all: readonly Pod[], revision: string): number {
  return all.filter(({ metadata }) => metadata.labels?.[labels.revision] === revision).length;
}
