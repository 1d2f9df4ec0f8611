/** The owner of the services: creates them and carries out the changes of the scenario, over the API like everybody else. */
import type { Timers } from '@sluice/kernel';
import type { KubernetesClient, KubernetesObject, ResourceKind } from '@sluice/kubernetes';
import type { Change } from './scenario/change-plan.ts';
import type { ServicePlan } from './scenario/service-plan.ts';
import { revisionName, serviceManifest, userNamespace, type TrafficTarget } from './service-manifest.ts';

interface KnativeService extends KubernetesObject {
  readonly status?: {
    readonly observedGeneration?: number;
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason?: string; readonly message?: string }[];
  };
}

export const knativeServices: ResourceKind<KnativeService> = {
  group: 'serving.knative.dev',
  version: 'v1',
  kind: 'Service',
  plural: 'services',
  namespaced: true,
};

export interface OwnerOptions {
  readonly client: KubernetesClient;
  readonly timers: Timers;
  /** A service is Ready, after its creation or a change. */
  readonly onReady: (service: string) => void;
  /** A change has been carried out, and the service is Ready again. */
  readonly onChanged: (service: string, change: Change) => void;
}

interface OwnedService {
  readonly plan: ServicePlan;
  revision: number;
  /** The revision that traffic is pinned to; undefined: the newest. */
  traffic: readonly TrafficTarget[] | undefined;
}

/** How often the owner looks whether something has come true, in ms. */
const lookEveryMs = 250;

export class Owner {
  readonly #client: KubernetesClient;
  readonly #timers: Timers;
  readonly #onReady: (service: string) => void;
  readonly #onChanged: (service: string, change: Change) => void;
  readonly #owned = new Map<string, OwnedService>();
  /** Changes of one service are carried out one after the other. */
  readonly #busy = new Map<string, Promise<void>>();

  constructor(options: OwnerOptions) {
    this.#client = options.client;
    this.#timers = options.timers;
    this.#onReady = options.onReady;
    this.#onChanged = options.onChanged;
  }

  /** Fulfils when the service is Ready. */
  async create(plan: ServicePlan): Promise<void> {
    this.#owned.set(plan.name, { plan, revision: 1, traffic: undefined });
    await this.#apply(plan.name);
    await this.#untilReady(plan.name);
  }

  /** Begins a change. Rejections are kept for `settle`. */
  change(service: string, change: Change): void {
    const before = this.#busy.get(service) ?? Promise.resolve();
    this.#busy.set(service, before.then(() => this.#change(service, change)));
  }

  /** Fulfils when every change that was begun has been carried out. */
  async settle(): Promise<void> {
    await Promise.all(this.#busy.values());
  }

  async #change(service: string, change: Change): Promise<void> {
    const owned = this.#owned.get(service) as OwnedService;
    switch (change.kind) {
      case 'revision':
        if (change.pinned) owned.traffic = [{ revisionName: revisionName(service, owned.revision), percent: 100 }];
        owned.revision += 1;
        break;
      case 'split': {
        const [before, newest] = [revisionName(service, owned.revision - 1), revisionName(service, owned.revision)];
        owned.traffic = [
          { revisionName: before, percent: 100 - change.newestPercent },
          { revisionName: newest, percent: change.newestPercent },
        ];
        break;
      }
      case 'tag':
        owned.traffic = [
          { latestRevision: true, percent: 100 },
          { revisionName: revisionName(service, owned.revision), tag: change.tag },
        ];
        break;
      case 'recreate':
        await this.#delete(service);
        owned.revision = 1;
        owned.traffic = undefined;
    }
    await this.#apply(service);
    await this.#untilReady(service);
    this.#onChanged(service, change);
  }

  async #apply(service: string): Promise<void> {
    const { plan, revision, traffic } = this.#owned.get(service) as OwnedService;
    await this.#client.resource(knativeServices).apply(serviceManifest(plan, traffic === undefined ? { revision } : { revision, traffic }));
  }

  async #delete(service: string): Promise<void> {
    const resource = this.#client.resource(knativeServices);
    const reference = { namespace: userNamespace, name: service };
    await resource.delete(reference);
    while ((await resource.find(reference)) !== undefined) await this.#pause();
  }

  async #untilReady(service: string): Promise<void> {
    for (;;) {
      const found = await this.#client.resource(knativeServices).find({ namespace: userNamespace, name: service });
      const ready = found?.status?.conditions?.find(({ type }) => type === 'Ready');
      const isCurrent = found?.status?.observedGeneration === found?.metadata.generation;
      if (ready?.status === 'True' && isCurrent) break;
      await this.#pause();
    }
    this.#onReady(service);
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => void this.#timers.after(lookEveryMs, resolve));
  }
}
