/** Deployments and ReplicaSets, and the Scale view of anything that has replicas. */
import type { Condition, KubernetesObject } from '../object.ts';
import type { PodTemplateSpec } from './pod.ts';

export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
    readonly values?: readonly string[];
  }[];
}

export interface Deployment extends KubernetesObject {
  readonly spec: DeploymentSpec;
  readonly status?: DeploymentStatus;
}

export interface DeploymentSpec {
  /** Default 1. */
  readonly replicas?: number;
  readonly selector: LabelSelector;
  readonly template: PodTemplateSpec;
  readonly strategy?: {
    readonly type?: 'RollingUpdate' | 'Recreate';
    readonly rollingUpdate?: { readonly maxUnavailable?: number | string; readonly maxSurge?: number | string };
  };
  readonly revisionHistoryLimit?: number;
  readonly progressDeadlineSeconds?: number;
  readonly minReadySeconds?: number;
  readonly paused?: boolean;
}

export interface DeploymentStatus {
  readonly observedGeneration?: number;
  readonly replicas?: number;
  readonly readyReplicas?: number;
  readonly availableReplicas?: number;
  readonly unavailableReplicas?: number;
  readonly updatedReplicas?: number;
  readonly conditions?: readonly Condition[];
}

export interface ReplicaSet extends KubernetesObject {
  readonly spec: {
    readonly replicas?: number;
    readonly selector: LabelSelector;
    readonly template?: PodTemplateSpec;
    readonly minReadySeconds?: number;
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly readyReplicas?: number;
    readonly availableReplicas?: number;
    readonly conditions?: readonly Condition[];
  };
}

/** The scale subresource. */
export interface Scale extends KubernetesObject {
  readonly spec?: { readonly replicas?: number };
  readonly status?: { readonly replicas: number; readonly selector?: string };
}

/** autoscaling/v2. */
export interface HorizontalPodAutoscaler extends KubernetesObject {
  readonly spec: HorizontalPodAutoscalerSpec;
  readonly status?: HorizontalPodAutoscalerStatus;
}

export interface HorizontalPodAutoscalerSpec {
  readonly scaleTargetRef: { readonly apiVersion?: string; readonly kind: string; readonly name: string };
  /** Default 1. */
  readonly minReplicas?: number;
  readonly maxReplicas: number;
  /** Default: cpu at 80 % of what is requested. */
  readonly metrics?: readonly HorizontalMetric[];
  readonly behavior?: { readonly scaleUp?: HorizontalRules; readonly scaleDown?: HorizontalRules };
}

/** How quickly one direction is followed. */
export interface HorizontalRules {
  readonly stabilizationWindowSeconds?: number;
  /** Default `Max`. */
  readonly selectPolicy?: 'Max' | 'Min' | 'Disabled';
  readonly policies?: readonly { readonly type: 'Pods' | 'Percent'; readonly value: number; readonly periodSeconds: number }[];
  /** How far from the target, as a share of it, nothing is done. Default 0.1. */
  readonly tolerance?: string | number;
}

export interface HorizontalTarget {
  readonly type: 'Utilization' | 'AverageValue' | 'Value';
  /** Per cent of what is requested. */
  readonly averageUtilization?: number;
  readonly averageValue?: string;
  readonly value?: string;
}

export type HorizontalMetric =
  | { readonly type: 'Resource'; readonly resource: { readonly name: string; readonly target: HorizontalTarget } }
  | { readonly type: 'ContainerResource'; readonly containerResource: { readonly name: string; readonly container: string; readonly target: HorizontalTarget } }
  | { readonly type: 'Pods'; readonly pods: { readonly metric: { readonly name: string }; readonly target: HorizontalTarget } }
  | { readonly type: 'Object'; readonly object: unknown }
  | { readonly type: 'External'; readonly external: unknown };

export interface HorizontalPodAutoscalerStatus {
  readonly observedGeneration?: number;
  readonly lastScaleTime?: string;
  readonly currentReplicas?: number;
  readonly desiredReplicas?: number;
  readonly currentMetrics?: readonly unknown[] | null;
  readonly conditions?: readonly Condition[];
}
