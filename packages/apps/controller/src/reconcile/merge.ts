/** What is there, brought to what it should be, for each kind of child: whose fields are whose. */
import type { Deployment, KubernetesObject, ObjectMeta, Service as CoreService } from '@sluice/kubernetes';
import { annotations, type PodAutoscaler } from '@sluice/serving';

type Pairs = Readonly<Record<string, string>>;

/** Annotations on Configurations and Routes that others than their owner write. */
const foreignAnnotations = [annotations.routes, annotations.creator, annotations.lastModifier];

/**
 * Configurations and Routes say what their Service says, and nothing else: what is removed there is removed
 * here, except for what other writers keep on them.
 */
export function mergeDeclared<T extends KubernetesObject & { readonly spec: unknown }>(actual: T, desired: T): T {
  const kept = pick(actual.metadata.annotations, foreignAnnotations);
  const marks = { labels: desired.metadata.labels, annotations: { ...desired.metadata.annotations, ...kept } };
  return { ...actual, metadata: withMarks(actual.metadata, marks), spec: desired.spec };
}

/**
 * A Deployment is made anew only when what it was made from has changed, which its hash tells: the server
 * fills in much by itself. The number of pods is the autoscaler's.
 */
export function mergeDeployment(actual: Deployment, desired: Deployment): Deployment {
  if (actual.metadata.annotations?.[annotations.specHash] === desired.metadata.annotations?.[annotations.specHash])
    return actual;
  const marks = {
    labels: { ...actual.metadata.labels, ...desired.metadata.labels },
    annotations: { ...actual.metadata.annotations, ...desired.metadata.annotations },
  };
  const replicas = actual.spec.replicas === undefined ? {} : { replicas: actual.spec.replicas };
  return { ...actual, metadata: withMarks(actual.metadata, marks), spec: { ...desired.spec, ...replicas } };
}

export function mergePodAutoscaler(actual: PodAutoscaler, desired: PodAutoscaler): PodAutoscaler {
  return { ...actual, metadata: withMarks(actual.metadata, desired.metadata), spec: desired.spec };
}

/** The server gives a Service its address and fills in its ports: those fields stay. */
export function mergeCoreService(actual: CoreService, desired: CoreService): CoreService {
  const ports = (desired.spec.ports ?? []).map((port) => ({
    ...actual.spec.ports?.find(({ name }) => name === port.name),
    ...port,
  }));
  const { selector } = desired.spec;
  return {
    ...actual,
    metadata: withMarks(actual.metadata, {
      labels: { ...actual.metadata.labels, ...desired.metadata.labels },
      annotations: actual.metadata.annotations,
    }),
    spec: { ...actual.spec, ...(selector === undefined ? {} : { selector }), ports },
  };
}

/** Labels and annotations of a placeholder are also its users': one of them hides a tag. Where it leads is ours alone. */
export function mergePlaceholder(actual: CoreService, desired: CoreService): CoreService {
  const labels = { ...actual.metadata.labels, ...desired.metadata.labels };
  // A name leaves nothing behind where an address comes in its place.
  const kept = actual.spec.type === desired.spec.type ? actual.spec : {};
  return { ...actual, metadata: withMarks(actual.metadata, { labels, annotations: actual.metadata.annotations }), spec: { ...kept, ...desired.spec } };
}

/** `metadata` with other labels and annotations. Servers drop empty ones, so having none means leaving them out. */
function withMarks(
  metadata: ObjectMeta,
  marks: { readonly labels?: Pairs | undefined; readonly annotations?: Pairs | undefined },
): ObjectMeta {
  const { labels: _, annotations: __, ...rest } = metadata;
  const { labels = {}, annotations: notes = {} } = marks;
  return {
    ...rest,
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
    ...(Object.keys(notes).length === 0 ? {} : { annotations: notes }),
  };
}

function pick(pairs: Pairs | undefined, keys: readonly string[]): Record<string, string> {
  const picked: Record<string, string> = {};
  for (const key of keys) {
    const value = pairs?.[key];
    if (value !== undefined) picked[key] = value;
  }
  return picked;
}
