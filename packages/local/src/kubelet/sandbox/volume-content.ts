/** Which files a pod's volumes hold: from ConfigMaps, Secrets, tokens and the pod's own fields. */
import type { Pod } from '@sluice/kubernetes';
import { MeshError } from '@sluice/kernel';
import type { KubeletApi } from '../kubelet-api.ts';

/** Path in the volume → text. */
export type VolumeFiles = ReadonlyMap<string, string>;

/** What a volume is made of. `emptyDir` has no files and may be written to. */
export interface PodVolume {
  readonly name: string;
  readonly emptyDir?: unknown;
  readonly secret?: Keys & { readonly secretName?: string };
  readonly configMap?: Keys & { readonly name?: string };
  readonly downwardAPI?: { readonly items?: readonly FieldFile[] };
  readonly projected?: { readonly sources?: readonly ProjectedSource[] };
}

interface Keys {
  readonly items?: readonly { readonly key: string; readonly path: string }[];
  readonly optional?: boolean;
}

interface FieldFile {
  readonly path: string;
  readonly fieldRef?: { readonly fieldPath: string };
}

interface ProjectedSource {
  readonly secret?: Keys & { readonly name?: string };
  readonly configMap?: Keys & { readonly name?: string };
  readonly downwardAPI?: { readonly items?: readonly FieldFile[] };
  readonly serviceAccountToken?: { readonly path: string; readonly audience?: string; readonly expirationSeconds?: number };
}

export interface ContentSources {
  readonly pod: Pod;
  readonly api: Pick<KubeletApi, 'configMap' | 'secret' | 'serviceAccountToken'>;
  /** A field of the pod by its path; undefined when there is none. */
  readonly field: (path: string) => string | undefined;
  /** The authority of the API server, under the name of the ConfigMap that a cluster puts into every namespace. */
  readonly rootAuthority: string | undefined;
}

const rootAuthorityName = 'kube-root-ca.crt';
/** Kubernetes' default. */
const tokenSeconds = 3600;

/** @throws MeshError that names what is missing; it may appear later */
export async function volumeFiles(volume: PodVolume, sources: ContentSources): Promise<VolumeFiles> {
  const { secret, configMap, downwardAPI, projected } = volume;
  if (volume.emptyDir !== undefined) return new Map();
  const parts: readonly ProjectedSource[] | undefined = secret
    ? [{ secret: { ...secret, ...(secret.secretName === undefined ? {} : { name: secret.secretName }) } }]
    : configMap
      ? [{ configMap }]
      : downwardAPI
        ? [{ downwardAPI }]
        : projected
          ? (projected.sources ?? [])
          : undefined;
  if (!parts) throw new MeshError('volume-not-possible', `mount volume ${volume.name}: local mode has emptyDir, configMap, secret, downwardAPI and projected, and this is none of them`);
  const files = new Map<string, string>();
  for (const part of parts) for (const [path, text] of await partFiles(part, sources)) files.set(path, text);
  return files;
}

async function partFiles({ secret, configMap, downwardAPI, serviceAccountToken }: ProjectedSource, sources: ContentSources): Promise<[string, string][]> {
  const { pod, api, field } = sources;
  const namespace = pod.metadata.namespace ?? 'default';
  if (secret) return keyFiles('secret', secret, await api.secret(namespace, secret.name ?? ''));
  if (configMap?.name === rootAuthorityName && sources.rootAuthority !== undefined) return keyFiles('configmap', configMap, { 'ca.crt': sources.rootAuthority });
  if (configMap) return keyFiles('configmap', configMap, await api.configMap(namespace, configMap.name ?? ''));
  if (serviceAccountToken) {
    const { path, audience, expirationSeconds = tokenSeconds } = serviceAccountToken;
    const account = pod.spec.serviceAccountName ?? 'default';
    return [[path, await api.serviceAccountToken(namespace, account, { expirationSeconds, ...(audience === undefined ? {} : { audience }) })]];
  }
  return (downwardAPI?.items ?? []).map(({ path, fieldRef }) => [path, field(fieldRef?.fieldPath ?? '') ?? '']);
}

function keyFiles(sort: string, { items, optional = false, name = '' }: Keys & { readonly name?: string }, values: Readonly<Record<string, string>> | undefined): [string, string][] {
  if (!values) {
    if (optional) return [];
    throw new MeshError('volume-source-missing', `${sort} "${name}" not found`);
  }
  if (!items) return Object.entries(values);
  return items.flatMap(({ key, path }) => {
    const text = values[key];
    if (text !== undefined) return [[path, text] as [string, string]];
    if (optional) return [];
    throw new MeshError('volume-source-missing', `references non-existent ${sort} key: ${key}`);
  });
}
