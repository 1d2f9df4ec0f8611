/** The Knative Service of a plan, as its owner would write it. */
import type { KubernetesObject } from '@sluice/kubernetes';
import type { ServicePlan } from './scenario/service-plan.ts';

/** Where the services of a scenario live. */
export const userNamespace = 'default';

/** The command of user containers; the process floor runs the in-memory program for it. */
export const programCommand = 'simulated-program';

/** The domain under which services have their hosts, as `sluice dev` has it. */
export const domain = 'localhost';

/** How a service is described at one moment of its life. */
export interface ServiceEdition {
  /** A new template for each: so many revisions there will be. Counts from 1. */
  readonly revision: number;
  readonly traffic?: readonly TrafficTarget[];
}

export interface TrafficTarget {
  readonly revisionName?: string;
  readonly latestRevision?: boolean;
  readonly percent?: number;
  readonly tag?: string;
}

export function serviceManifest(plan: ServicePlan, { revision, traffic }: ServiceEdition): KubernetesObject {
  const annotations = {
    window: `${plan.windowSeconds}s`,
    'min-scale': String(plan.minScale),
    'max-scale': String(plan.maxScale),
    'initial-scale': String(plan.initialScale),
    'target-burst-capacity': String(plan.targetBurstCapacity),
  };
  return {
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Service',
    metadata: { name: plan.name, namespace: userNamespace },
    spec: {
      template: {
        metadata: {
          annotations: Object.fromEntries(Object.entries(annotations).map(([key, value]) => [`autoscaling.knative.dev/${key}`, value])),
        },
        spec: {
          containerConcurrency: plan.containerConcurrency,
          containers: [{ image: 'simulated', command: [programCommand], env: [{ name: 'EDITION', value: String(revision) }] }],
        },
      },
      ...(traffic === undefined ? {} : { traffic }),
    },
  } as KubernetesObject;
}

/** The name of the n-th revision, counting from 1. */
export function revisionName(service: string, revision: number): string {
  return `${service}-${String(revision).padStart(5, '0')}`;
}

export function hostOf(service: string, tag?: string): string {
  return `${tag === undefined ? '' : `${tag}-`}${service}.${userNamespace}.${domain}`;
}
