/** What pods have of their own where they do not share the machine's: a network, and in it for each container a view of the files. */

export interface PodSandboxes {
  /** Makes a pod's network. Rejects when that fails; then nothing is left of it. */
  open(options: PodSandboxOptions): Promise<PodSandbox>;
}

export interface PodSandboxOptions {
  readonly podUid: string;
  /** For its own name in its file of hosts. */
  readonly podName: string;
  readonly namespace: string;
  readonly address: string;
}

export interface PodSandbox {
  /** What becomes a container's program inside. As `ProcessSpec.wrapper`. @throws MeshError when something cannot be mounted where it should be */
  enter(view: ContainerView): readonly [string, ...string[]];
  /** To be called when nothing runs in it any more. */
  close(): Promise<void>;
}

/** What a container sees besides the machine's own files, and as whom. */
export interface ContainerView {
  readonly mounts: readonly Mount[];
  readonly isRootReadOnly: boolean;
  /** Number of the user and of its group; absent: whoever the kubelet is, with all its rights. */
  readonly user?: number;
}

export interface Mount {
  /** A file or a folder of the machine, absolute. */
  readonly from: string;
  /** Where it is seen; made where it is not there. */
  readonly path: string;
  readonly isReadOnly: boolean;
}
