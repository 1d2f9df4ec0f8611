/** Looks at a mesh that should be at rest. */
import { deployments, pods, type Deployment, type Pod } from '@sluice/kubernetes';
import { labels, revisionKind, routeKind, serviceKind } from '@sluice/serving';
import type { ClientRequest } from './clients.ts';
import type { Sandbox } from './floor/sandbox.ts';
import type { MeshAtRest, ProcessAtRest, RevisionAtRest, ServiceAtRest } from './mesh-at-rest.ts';
import type { Mesh } from './mesh.ts';
import { userNamespace } from './service-manifest.ts';

/**
 * Watches the processes while nothing happens. Probes go on at rest and hold things for a moment, so what
 * counts is the least that was ever held: of what has leaked some is always there.
 */
export class RestWatch {
  readonly #mesh: Mesh;
  readonly #startedAt: number;
  readonly #firedBefore: ReadonlyMap<Sandbox, number>;
  readonly #held = new Map<string, Map<string, number>>();

  constructor(mesh: Mesh, now: number) {
    this.#mesh = mesh;
    this.#startedAt = now;
    this.#firedBefore = new Map(mesh.floor.processes.map(({ sandbox }) => [sandbox, sandbox.timersFired]));
  }

  look(): void {
    for (const { name, component } of this.#mesh.floor.processes) {
      const least = this.#held.get(name) ?? new Map<string, number>();
      this.#held.set(name, least);
      for (const [what, count] of component?.held?.() ?? []) least.set(what, Math.min(count, least.get(what) ?? count));
    }
  }

  async finish(requests: readonly ClientRequest[], now: number): Promise<MeshAtRest> {
    const seconds = (now - this.#startedAt) / 1000;
    const processes = this.#mesh.floor.processes.map(({ name, sandbox }): ProcessAtRest => ({
      name,
      held: this.#held.get(name) ?? new Map(),
      timersPerSecond: (sandbox.timersFired - (this.#firedBefore.get(sandbox) ?? 0)) / seconds,
    }));
    return { requests, processes, services: await observeServices(this.#mesh) };
  }
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
