/** A pod as far as injection reads and changes it. Everything else is passed on as it is. */

export type Labels = Readonly<Record<string, string>>;

/** Of addresses. */
export type IpFamily = 'IPv4' | 'IPv6';

export interface InjectablePod {
  readonly metadata?: PodMetadata;
  readonly spec?: PodSpec;
}

export interface PodMetadata {
  readonly name?: string;
  readonly generateName?: string;
  readonly namespace?: string;
  readonly labels?: Labels;
  readonly annotations?: Labels;
}

export interface PodSpec {
  readonly containers?: readonly PodContainer[];
  readonly initContainers?: readonly PodContainer[];
  readonly volumes?: readonly PodVolume[];
  readonly hostNetwork?: boolean;
  readonly serviceAccountName?: string;
}

export interface PodVolume {
  readonly name: string;
  readonly emptyDir?: unknown;
}

export interface PodContainer {
  readonly name: string;
  readonly image?: string;
  readonly imagePullPolicy?: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly restartPolicy?: string;
  readonly ports?: readonly PodPort[];
  readonly readinessProbe?: PodProbe;
  readonly livenessProbe?: PodProbe;
  readonly startupProbe?: PodProbe;
  readonly resources?: PodResources;
  readonly securityContext?: unknown;
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[];
  readonly env?: readonly PodVariable[];
}

export interface PodVariable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: object;
}

export interface PodPort {
  readonly name?: string;
  readonly containerPort: number;
  readonly protocol?: string;
}

export interface PodResources {
  readonly requests?: Readonly<Record<string, string | number>>;
  readonly limits?: Readonly<Record<string, string | number>>;
}

export interface PodProbe {
  readonly httpGet?: HttpGet;
  readonly tcpSocket?: { readonly port: number | string; readonly host?: string };
  readonly grpc?: { readonly port: number; readonly service?: string };
  readonly exec?: object;
  readonly timeoutSeconds?: number;
  readonly periodSeconds?: number;
  readonly failureThreshold?: number;
}

export interface HttpGet {
  readonly path?: string;
  readonly port: number | string;
  readonly host?: string;
  readonly scheme?: string;
  readonly httpHeaders?: readonly object[];
}

export const probeKinds = ['readinessProbe', 'livenessProbe', 'startupProbe'] as const;
export type ProbeKind = (typeof probeKinds)[number];

/** The lists of a pod that hold containers. */
export const containerLists = ['initContainers', 'containers'] as const;

/** `object` without `key`. */
export function without<T extends object, Key extends keyof T>(object: T, key: Key): Omit<T, Key> {
  const { [key]: _left, ...rest } = object;
  return rest;
}
