/** The volumes of one pod: written before its first container starts, and kept in step with what they come from. */
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock, Timer, Timers } from '@sluice/kernel';
import type { Container, Pod, PodSpec } from '@sluice/kubernetes';
import type { KubeletApi } from '../kubelet-api.ts';
import type { Mount } from './pod-sandboxes.ts';
import { volumeFiles, type PodVolume, type VolumeFiles } from './volume-content.ts';
import { writeVolume } from './volume-folder.ts';

export interface PodVolumesOptions {
  readonly pod: Pod;
  readonly api: Pick<KubeletApi, 'configMap' | 'secret' | 'serviceAccount' | 'serviceAccountToken'>;
  readonly clock: Clock;
  readonly timers: Timers;
  /** For all pods; this one has a folder of its own in it. */
  readonly folder: string;
  readonly field: (path: string) => string | undefined;
  /** Whom pods trust as API server; without it no token is given to anybody. */
  readonly rootAuthority: string | undefined;
}

/** Where a cluster mounts what a pod needs to speak to the API server. */
const accessPath = '/var/run/secrets/kubernetes.io/serviceaccount';
const accessName = 'kube-api-access';

/** Between two looks at what volumes come from, in ms. A kubelet takes a minute or so; nobody here has that patience. */
const refreshMs = 10_000;

/** An hour and seven seconds: Kubernetes' own, by which one sees that nobody asked for it. */
const mountedTokenSeconds = 3607;

/** A token is made anew after this part of its life, as a kubelet does. */
const tokenLife = 0.8;

export class PodVolumes {
  readonly #options: PodVolumesOptions;
  readonly #folder: string;
  readonly #written = new Map<string, VolumeFiles>();
  readonly #tokens = new Map<string, { readonly text: string; readonly renewAtMs: number }>();
  #prepared: Promise<readonly PodVolume[]> | undefined;
  #refresh: Timer | undefined;
  #closed = false;

  constructor(options: PodVolumesOptions) {
    this.#options = options;
    this.#folder = join(options.folder, options.pod.metadata.uid ?? '');
  }

  /** Everything that a container mounts; it is there then. @throws MeshError that names what is missing */
  async mountsOf(container: Container): Promise<Mount[]> {
    this.#prepared ??= this.#prepare();
    const volumes = await this.#prepared.catch((reason: unknown) => {
      // What is missing may appear: the next container that asks looks again.
      this.#prepared = undefined;
      throw reason;
    });
    const mounts = (container.volumeMounts ?? []).map(({ name, mountPath, readOnly = false, subPath }) => ({
      from: join(this.#folder, name, ...(subPath === undefined ? [] : [subPath])),
      path: mountPath,
      isReadOnly: readOnly,
    }));
    const wantsAccess = volumes.some(({ name }) => name === accessName) && !mounts.some(({ path }) => path === accessPath);
    return wantsAccess ? [...mounts, { from: join(this.#folder, accessName), path: accessPath, isReadOnly: true }] : mounts;
  }

  close(): void {
    this.#closed = true;
    this.#refresh?.cancel();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #prepare(): Promise<readonly PodVolume[]> {
    const volumes = await this.#findVolumes();
    await this.#writeAll(volumes);
    if (volumes.some(({ emptyDir }) => emptyDir === undefined)) this.#refreshLater(volumes);
    return volumes;
  }

  /** The pod's own, and what the admission plugin for service accounts would have added. */
  async #findVolumes(): Promise<readonly PodVolume[]> {
    const { pod, api, rootAuthority } = this.#options;
    // The API server has checked its form.
    const own = (pod.spec.volumes ?? []) as readonly PodVolume[];
    if (rootAuthority === undefined) return own;
    const { automountServiceAccountToken: asked } = pod.spec as PodSpec & { readonly automountServiceAccountToken?: boolean };
    const account = await api.serviceAccount(pod.metadata.namespace ?? 'default', pod.spec.serviceAccountName ?? 'default');
    if (!account || !(asked ?? account.automountServiceAccountToken ?? true)) return own;
    const sources = [
      { serviceAccountToken: { path: 'token', expirationSeconds: mountedTokenSeconds } },
      { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
      { downwardAPI: { items: [{ path: 'namespace', fieldRef: { fieldPath: 'metadata.namespace' } }] } },
    ];
    return [...own, { name: accessName, projected: { sources } }];
  }

  async #writeAll(volumes: readonly PodVolume[]): Promise<void> {
    for (const volume of volumes) {
      const folder = join(this.#folder, volume.name);
      const written = this.#written.get(volume.name);
      if (volume.emptyDir !== undefined) {
        if (written) continue;
        mkdirSync(folder, { recursive: true });
        chmodSync(folder, 0o777);
        this.#written.set(volume.name, new Map());
        continue;
      }
      const files = await volumeFiles(volume, { ...this.#options, api: this.#sparing(volume.name) });
      if (this.#closed) return;
      if (writeVolume(folder, files, written)) this.#written.set(volume.name, files);
    }
  }

  /** Tokens are asked for when it is time, not at each look. */
  #sparing(volume: string): PodVolumesOptions['api'] {
    const { api, clock } = this.#options;
    return {
      configMap: (namespace, name) => api.configMap(namespace, name),
      secret: (namespace, name) => api.secret(namespace, name),
      serviceAccount: (namespace, name) => api.serviceAccount(namespace, name),
      serviceAccountToken: async (namespace, name, wish) => {
        const key = `${volume} ${wish.audience ?? ''}`;
        const known = this.#tokens.get(key);
        if (known && clock.now() < known.renewAtMs) return known.text;
        const text = await api.serviceAccountToken(namespace, name, wish);
        this.#tokens.set(key, { text, renewAtMs: clock.now() + wish.expirationSeconds * 1000 * tokenLife });
        return text;
      },
    };
  }

  #refreshLater(volumes: readonly PodVolume[]): void {
    if (this.#closed) return;
    this.#refresh = this.#options.timers.after(refreshMs, () => {
      // What is missing now was there before: the files stay as they are.
      void this.#writeAll(volumes)
        .catch(() => {})
        .finally(() => this.#refreshLater(volumes));
    });
  }
}
