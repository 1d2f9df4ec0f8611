/**
 * The controllers of kube-controller-manager that local mode needs: HorizontalPodAutoscaler → Deployment → ReplicaSet → Pod, and Service →
 * EndpointSlice. Garbage collection and namespaces are the API server's own.
 */
import {
  deployments,
  endpointSlices,
  horizontalPodAutoscalers,
  Informer,
  pods,
  replicaSets,
  services,
  type KubernetesObject,
  type ResourceKind,
} from '@sluice/kubernetes';
import { DeploymentController } from './deployment/deployment-controller.ts';
import { EndpointSliceController } from './endpoint-slice/endpoint-slice-controller.ts';
import { HorizontalPodAutoscalerController } from './horizontal/horizontal-pod-autoscaler-controller.ts';
import { indexes } from './indexes.ts';
import { ReplicaSetController } from './replica-set/replica-set-controller.ts';
import type { BuiltInControllerOptions, BuiltInInformers } from './surroundings.ts';

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
    horizontalPodAutoscalers: informer(horizontalPodAutoscalers),
  };
  const replicaSetController = new ReplicaSetController(options, informers);
  const controllers = [
    new DeploymentController(options, informers, (replicaSet, replicas) => replicaSetController.scaleAhead(replicaSet, replicas)),
    replicaSetController,
    new EndpointSliceController(options, informers),
    new HorizontalPodAutoscalerController(options, informers),
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
