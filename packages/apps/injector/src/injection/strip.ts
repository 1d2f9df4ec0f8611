/** Takes out of a pod what injection has put in, by the record it left. Pure. */
import { removeHttpProxy, type AddedVariables } from './http-proxy-variables.ts';
import { captureContainer, captureVolume, noTokenVolume, proxyContainer, recordAnnotation } from './names.ts';
import { containerLists, without, type InjectablePod, type PodSpec } from './pod.ts';
import { restoreProbes, type RewrittenProbe } from './probes.ts';

export interface InjectionRecord {
  readonly version: 1;
  /** Annotations that were added beside the record. */
  readonly annotations: readonly string[];
  /** Parts of the pod that were not there at all, and go when nothing else is in them: `annotations`, `initContainers`, `volumes`. */
  readonly made: readonly string[];
  /** Of containers that are told to send requests to the proxy. Absent: none is. */
  readonly variables?: readonly AddedVariables[];
  readonly probes: readonly Pick<RewrittenProbe, 'container' | 'probe' | 'original'>[];
}

/** The pod as it was. The same pod when nothing was put in. */
export function strip<Pod extends InjectablePod>(pod: Pod): Pod {
  const record = readRecord(pod);
  if (!record) return pod;
  const { metadata = {}, spec = {} } = pod;
  const annotations = Object.fromEntries(
    Object.entries(metadata.annotations ?? {}).filter(([name]) => name !== recordAnnotation && !record.annotations.includes(name)),
  );
  const isGone = (part: string, rest: object): boolean => record.made.includes(part) && Object.keys(rest).length === 0;
  const nextMetadata = isGone('annotations', annotations) ? without(metadata, 'annotations') : { ...metadata, annotations };
  let nextSpec: PodSpec = spec;
  for (const list of containerLists) {
    if (!nextSpec[list]) continue;
    const rest = nextSpec[list].filter(({ name }) => name !== proxyContainer && name !== captureContainer).map((container) => removeHttpProxy(restoreProbes(container, record.probes), record.variables ?? []));
    nextSpec = isGone(list, rest) ? without(nextSpec, list) : { ...nextSpec, [list]: rest };
  }
  const volumes = (nextSpec.volumes ?? []).filter(({ name }) => name !== noTokenVolume && name !== captureVolume);
  if (nextSpec.volumes) nextSpec = isGone('volumes', volumes) ? without(nextSpec, 'volumes') : { ...nextSpec, volumes };
  return { ...pod, metadata: nextMetadata, spec: nextSpec };
}

/** Undefined where there is none, or one that nobody here has written. */
export function readRecord({ metadata }: InjectablePod): InjectionRecord | undefined {
  const text = metadata?.annotations?.[recordAnnotation];
  if (text === undefined) return undefined;
  try {
    const record = JSON.parse(text) as Partial<InjectionRecord> | null;
    if (record?.version !== 1 || !Array.isArray(record.annotations) || !Array.isArray(record.made) || !Array.isArray(record.probes)) return undefined;
    return record as InjectionRecord;
  } catch {
    return undefined;
  }
}
