/** The sandbox of one pod: made when its first container starts, and entered by all of them. */
import type { Clock, Timers } from '@sluice/kernel';
import type { Pod } from '@sluice/kubernetes';
import type { KubeletContainer } from '../../objects/pod-facts.ts';
import type { KubeletApi } from '../kubelet-api.ts';
import type { ImageProgram } from './image-programs.ts';
import type { PodSandbox, PodSandboxes } from './pod-sandboxes.ts';
import { PodVolumes } from './pod-volumes.ts';

/** What gives all pods of a kubelet their sandboxes. */
export interface SandboxSettings {
  readonly sandboxes: PodSandboxes;
  /** For the files of volumes. */
  readonly folder: string;
  /** Whom pods trust as API server, in PEM. Absent: none is given a token. */
  readonly rootAuthority?: string;
}

export interface SandboxedPodOptions extends SandboxSettings {
  readonly pod: Pod;
  readonly address: string;
  readonly api: KubeletApi;
  readonly clock: Clock;
  readonly timers: Timers;
  /** A field of the pod by its path. */
  readonly field: (path: string) => string | undefined;
}

/** What these read of a container's and a pod's security context. */
interface SecurityContext {
  readonly runAsUser?: number;
  readonly readOnlyRootFilesystem?: boolean;
}

export class SandboxedPod {
  readonly #options: SandboxedPodOptions;
  readonly #volumes: PodVolumes;
  #sandbox: Promise<PodSandbox> | undefined;
  #closed = false;

  constructor(options: SandboxedPodOptions) {
    this.#options = options;
    this.#volumes = new PodVolumes({ ...options, rootAuthority: options.rootAuthority });
  }

  /** What becomes a container's program inside. @param image what its image is here @throws MeshError with what is missing or did not work; it may later */
  async wrapper(container: KubeletContainer, image: ImageProgram | undefined): Promise<readonly [string, ...string[]]> {
    const files = Object.entries(image?.files ?? {}).map(([path, from]) => ({ from, path, isReadOnly: true }));
    const mounts = [...files, ...(await this.#volumes.mountsOf(container))];
    this.#sandbox ??= this.#open();
    const sandbox = await this.#sandbox.catch((reason: unknown) => {
      this.#sandbox = undefined;
      throw reason;
    });
    const own = (container.securityContext ?? {}) as SecurityContext;
    const user = own.runAsUser ?? ((this.#options.pod.spec as { readonly securityContext?: SecurityContext }).securityContext ?? {}).runAsUser ?? image?.user;
    return sandbox.enter({ mounts, isRootReadOnly: own.readOnlyRootFilesystem === true, ...(user === undefined ? {} : { user }) });
  }

  /** To be called when the containers have ended. */
  async close(): Promise<void> {
    this.#closed = true;
    // One that was never made leaves nothing to close.
    const sandbox = await this.#sandbox?.catch(() => undefined);
    await sandbox?.close();
    this.#volumes.close();
  }

  #open(): Promise<PodSandbox> {
    const { pod, address, sandboxes } = this.#options;
    if (this.#closed) return Promise.reject(new Error('the pod has ended'));
    const { name, namespace = 'default', uid = '' } = pod.metadata;
    return sandboxes.open({ podUid: uid, podName: name, namespace, address });
  }
}
