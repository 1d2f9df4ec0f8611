/** Images that are run as programs of this machine: what an image's own configuration would say. */

export interface ImageProgram {
  /** What the image begins with (ENTRYPOINT); the container's `args` follow. */
  readonly command: readonly [string, ...string[]];
  /** Variables of the image, which the container's own go before. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Files and folders of the machine that the image has elsewhere, where pods have sandboxes: path in the image → path here. */
  readonly files?: Readonly<Record<string, string>>;
  /** The user it runs as (USER), where pods have sandboxes. Absent: whoever the kubelet is. */
  readonly user?: number;
}

/** By the image's whole reference, `sluice.dev/gateway:0.1.0`. Undefined for one that is not known. */
export type ImagePrograms = (image: string) => ImageProgram | undefined;
