/** What an image is called: where it is, and which of those there it is. */
import { isImageReference } from '../validation/image-reference.ts';

export interface ImageName {
  /** Host, and port where it names one: `index.docker.io` where it names no registry. */
  readonly registry: string;
  /** `library/busybox`. */
  readonly repository: string;
  /** `latest` where it names none. */
  readonly tag: string;
  /** `sha256:…`; empty where it names none. */
  readonly digest: string;
}

/** Where Docker looks for what names no registry. */
const standardRegistry = 'index.docker.io';

/** Undefined when it is no name. */
export function parseImageName(image: string): ImageName | undefined {
  if (!isImageReference(image)) return undefined;
  const [named = '', digest = ''] = image.split('@');
  const slash = named.indexOf('/');
  const first = slash < 0 ? '' : named.slice(0, slash);
  // A first part is a host when it looks like one: Docker's rule.
  const hasRegistry = first.includes('.') || first.includes(':') || first === 'localhost';
  const rest = hasRegistry ? named.slice(slash + 1) : named;
  const colon = rest.lastIndexOf(':');
  const path = colon < 0 ? rest : rest.slice(0, colon);
  const isStandard = !hasRegistry || first === 'docker.io' || first === standardRegistry;
  return {
    registry: isStandard ? standardRegistry : first,
    repository: isStandard && !path.includes('/') ? `library/${path}` : path,
    tag: colon < 0 ? 'latest' : rest.slice(colon + 1),
    digest,
  };
}

/** The same image by what it holds, which no push can change. */
export function withDigest({ registry, repository }: ImageName, digest: string): string {
  return `${registry}/${repository}@${digest}`;
}

/** Registries on the machine itself speak plain HTTP, as Docker takes them to. */
export function registryOrigin(registry: string): string {
  const host = registry.replace(/:\d+$/, '');
  const isNear = host === 'localhost' || host.startsWith('127.') || host.endsWith('.localhost') || host.endsWith('.local');
  return `${isNear ? 'http' : 'https'}://${registry}`;
}
