/**
 * The controllers of kube-controller-manager that local mode needs: Deployment → ReplicaSet → Pod, and Service →
 * EndpointSlice. Garbage collection and namespaces are the API server's own.
 */
import type { Clock, Logger, Meter, Random, Timers } from '@sluice/kernel';
import {
  deployments,
  endpointSlices,
  Informer,
  pods,
  replicaSets,
  services,
  type Deployment,
  type EndpointSlice,
  type KubernetesClient,
  type KubernetesObject,
  type Pod,
  type ReplicaSet,
  type ResourceKind,
  type Service,
} from '@sluice/kubernetes';
import { DeploymentController } from './deployment/deployment-controller.ts';
import { EndpointSliceController } from './endpoint-slice/endpoint-slice-controller.ts';
import { indexes } from './indexes.ts';
import { ReplicaSetController } from './replica-set/replica-set-controller.ts';

export interface BuiltInControllerOptions {
  readonly client: KubernetesClient;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
}

/** The caches, which the controllers share. */
export interface BuiltInInformers {
  readonly deployments: Informer<Deployment>;
  readonly replicaSets: Informer<ReplicaSet>;
  readonly pods: Informer<Pod>;
  readonly services: Informer<Service>;
  readonly endpointSlices: Informer<EndpointSlice>;
}

export interface BuiltInControllers {
  /** Fulfils when the caches are filled and work has begun. */
  start(): Promise<void>;
  /** Fulfils when work under way is done. */
  stop(): Promise<void>;
}

export function createBuiltInControllers(options: BuiltInControllerOptions): BuiltInControllers {
  const informer = <T extends KubernetesObject>(kind: ResourceKind<T>) =>
    new Informer({ ...options, kind, indexes });
  const informers: BuiltInInformers = {
    deployments: informer(deployments),
    replicaSets: informer(replicaSets),
    pods: informer(pods),
    services: informer(services),
    endpointSlices: informer(endpointSlices),
  };
  const controllers = [
    new DeploymentController(options, informers),
    new ReplicaSetController(options, informers),
    new EndpointSliceController(options, informers),
  ];
  return {
    async start() {
      for (const each of Object.values(informers)) each.start();
      await Promise.all(controllers.map((controller) => controller.start()));
    },
    async stop() {
      await Promise.all(controllers.map((controller) => controller.stop()));
      await Promise.all(Object.values(informers).map((each) => each.stop()));
    },
  };
}
