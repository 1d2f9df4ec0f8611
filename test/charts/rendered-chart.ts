/** The objects of a rendered chart, found by what a test asks for. */
import type { ConfigMap, Deployment, KubernetesObject, Service } from '@sluice/kubernetes';

export type Manifest = KubernetesObject & { readonly [field: string]: unknown };

/** What these tests read of a container. */
export interface RenderedContainer {
  readonly name: string;
  readonly image: string;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: { readonly fieldRef: { readonly fieldPath: string } } }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly readinessProbe: {
    readonly httpGet?: { readonly path: string; readonly port: string | number };
    readonly grpc?: { readonly port: number };
  };
  readonly securityContext: unknown;
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
}

export interface RenderedPod {
  readonly serviceAccountName: string;
  readonly automountServiceAccountToken: boolean;
  readonly terminationGracePeriodSeconds: number;
  readonly securityContext: unknown;
  readonly volumes?: readonly { readonly name: string; readonly secret: { readonly secretName: string; readonly items?: readonly { readonly path: string }[] } }[];
  readonly containers: readonly RenderedContainer[];
}

/** The names of the components that run in pods of their own. */
export const components = ['config-server', 'controller', 'autoscaler', 'activator', 'gateway', 'injector'] as const;
export type ComponentName = (typeof components)[number];

export class RenderedChart {
  readonly objects: readonly Manifest[];

  constructor(objects: readonly Manifest[]) {
    this.objects = objects;
  }

  ofKind<T extends KubernetesObject = Manifest>(kind: string): T[] {
    return this.objects.filter((object) => object.kind === kind) as unknown as T[];
  }

  get(kind: 'ConfigMap', name: string): ConfigMap;
  get(kind: 'Deployment', name: string): Deployment;
  get(kind: 'Service', name: string): Service;
  get(kind: string, name: string): KubernetesObject {
    const found = this.ofKind(kind).find(({ metadata }) => metadata.name === name);
    if (!found) throw new Error(`the chart renders no ${kind} ${name}`);
    return found;
  }

  labelsOfPods(component: ComponentName): Readonly<Record<string, string>> {
    return this.get('Deployment', `sluice-${component}`).spec.template.metadata?.labels ?? {};
  }

  pod(component: ComponentName): RenderedPod {
    return this.get('Deployment', `sluice-${component}`).spec.template.spec as unknown as RenderedPod;
  }

  /** The one container of a component's pods. */
  container(component: ComponentName): RenderedContainer {
    const { containers } = this.pod(component);
    if (containers.length !== 1) throw new Error(`${component} has ${containers.length} containers`);
    return containers[0] as RenderedContainer;
  }
}
