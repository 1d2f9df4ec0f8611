/** The images of a Revision by their digests: which are known, and where that stands. */
import type { Container } from '../api/pod-spec.ts';
import type { ContainerStatus, Revision } from '../api/revision.ts';
import { isFalse, isUnknown, type Mark } from '../status/condition-set.ts';

/** How far the digests of a Revision's images are known. */
export type ImageResolution =
  | { readonly kind: 'resolving' }
  /** By name of the container; one that is left as it is has none. */
  | { readonly kind: 'resolved'; readonly digests: ReadonlyMap<string, string> }
  | { readonly kind: 'failed'; readonly image: string; readonly message: string };

/** All containers that bring an image. */
export function imagesOf({ spec }: Revision): { readonly name: string; readonly image: string }[] {
  return [...(spec.initContainers ?? []), ...(spec.containers ?? [])].map(({ name = '', image = '' }) => ({ name, image }));
}

/** Whether its status names the digest of each of its images: then it is never asked for again. */
export function hasDigests(revision: Revision): boolean {
  const { containerStatuses: own = [], initContainerStatuses: init = [] } = revision.status ?? {};
  return imagesOf(revision).every(({ name }) => Boolean([...own, ...init].find((one) => one.name === name)?.imageDigest));
}

/** The image that a container runs: by digest where it is known, else as it is written. */
export function imageFor({ status }: Revision, { name, image }: Container): string | undefined {
  const known = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])].find((one) => one.name === name);
  return known?.imageDigest || image;
}

export function containerStatuses(containers: readonly Container[] | undefined, revision: Revision, resolution: ImageResolution | undefined): ContainerStatus[] {
  const { containerStatuses: own = [], initContainerStatuses: init = [] } = revision.status ?? {};
  return (containers ?? []).map(({ name = '' }) => {
    const digest = resolution?.kind === 'resolved' ? resolution.digests.get(name) : [...own, ...init].find((one) => one.name === name)?.imageDigest;
    return digest ? { name, imageDigest: digest } : { name };
  });
}

/** `ContainerHealthy` as long as nothing can run. Knative's words. */
export function imageMark(resolution: ImageResolution | undefined): Mark | undefined {
  if (resolution?.kind === 'resolving') return isUnknown('ResolvingDigests', '');
  if (resolution?.kind === 'failed') return isFalse('ContainerMissing', `Unable to fetch image "${resolution.image}": ${resolution.message}`);
  return undefined;
}
