/** A container's environment from its spec, the pod's facts and the ConfigMaps and Secrets it refers to. */
import type { EnvVar, Pod } from '@sluice/kubernetes';
import type { KubeletContainer } from '../objects/pod-facts.ts';
import { expandVariables } from './variable-expansion.ts';

export interface EnvironmentSources {
  readonly pod: Pod;
  readonly podIp: string;
  readonly hostIp: string;
  /** The keys of a ConfigMap or Secret (decoded) of the pod's namespace. Undefined when there is none. */
  readonly configMap: (name: string) => Readonly<Record<string, string>> | undefined;
  readonly secret: (name: string) => Readonly<Record<string, string>> | undefined;
  /** What every process gets before its own variables: PATH, HOME and the like. */
  readonly base: Readonly<Record<string, string>>;
  /** Has the last word about a variable's value: where ports are replaced. */
  readonly rewrite: (name: string, value: string) => string;
}

/** `missing` says in a sentence what stands in the way; it may appear later. */
export type EnvironmentResult =
  | { readonly kind: 'complete'; readonly env: Readonly<Record<string, string>> }
  | { readonly kind: 'missing'; readonly message: string };

/**
 * Kubernetes' order: `envFrom` first, then `env`, where later wins and a value may refer with `$(NAME)` to
 * variables before it.
 */
export function buildEnvironment(container: KubeletContainer, sources: EnvironmentSources): EnvironmentResult {
  const env: Record<string, string> = { ...sources.base };
  for (const { prefix = '', configMapRef, secretRef } of container.envFrom ?? []) {
    const reference = configMapRef ?? secretRef;
    if (!reference) continue;
    const found = configMapRef ? sources.configMap(reference.name) : sources.secret(reference.name);
    if (!found && reference.optional !== true) return missing(configMapRef ? 'configmap' : 'secret', reference.name);
    for (const [key, value] of Object.entries(found ?? {})) env[prefix + key] = value;
  }
  for (const variable of container.env ?? []) {
    const resolved = resolveVariable(variable, sources);
    if (resolved.kind === 'missing') return resolved;
    if (resolved.kind === 'absent') continue;
    const value = variable.valueFrom ? resolved.value : expandVariables(resolved.value, (name) => env[name]);
    env[variable.name] = sources.rewrite(variable.name, value);
  }
  return { kind: 'complete', env };
}

type Resolved =
  | { readonly kind: 'value'; readonly value: string }
  | { readonly kind: 'absent' }
  | { readonly kind: 'missing'; readonly message: string };

function resolveVariable({ name, value, valueFrom }: EnvVar, sources: EnvironmentSources): Resolved {
  if (!valueFrom) return { kind: 'value', value: value ?? '' };
  const { fieldRef, configMapKeyRef, secretKeyRef } = valueFrom;
  if (fieldRef) {
    const field = readField(fieldRef.fieldPath, sources);
    if (field === undefined) {
      return { kind: 'missing', message: `variable ${name}: local mode has no field ${fieldRef.fieldPath}` };
    }
    return { kind: 'value', value: field };
  }
  const reference = configMapKeyRef ?? secretKeyRef;
  if (!reference) return { kind: 'missing', message: `variable ${name}: local mode cannot take its value from there` };
  const sort = configMapKeyRef ? 'configmap' : 'secret';
  const found = configMapKeyRef ? sources.configMap(reference.name) : sources.secret(reference.name);
  const keyed = found?.[reference.key];
  if (keyed !== undefined) return { kind: 'value', value: keyed };
  if (reference.optional === true) return { kind: 'absent' };
  if (!found) return missing(sort, reference.name);
  return { kind: 'missing', message: `couldn't find key ${reference.key} in ${sort} "${reference.name}"` };
}

function missing(sort: string, name: string): { readonly kind: 'missing'; readonly message: string } {
  return { kind: 'missing', message: `${sort} "${name}" not found` };
}

/** A field of a pod as the downward API gives it. Undefined for one that there is not. */
export function readField(path: string, { pod, podIp, hostIp }: Pick<EnvironmentSources, 'pod' | 'podIp' | 'hostIp'>): string | undefined {
  const keyed = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(path);
  // A label that is not there is an empty variable, as with a real kubelet.
  if (keyed) return pod.metadata[keyed[1] as 'labels' | 'annotations']?.[keyed[2] as string] ?? '';
  switch (path) {
    case 'metadata.name':
      return pod.metadata.name;
    case 'metadata.namespace':
      return pod.metadata.namespace ?? '';
    case 'metadata.uid':
      return pod.metadata.uid ?? '';
    case 'spec.nodeName':
      return pod.spec.nodeName ?? '';
    case 'spec.serviceAccountName':
      return pod.spec.serviceAccountName ?? 'default';
    case 'status.podIP':
    case 'status.podIPs':
      return podIp;
    case 'status.hostIP':
    case 'status.hostIPs':
      return hostIp;
    default:
      return undefined;
  }
}
