/** Snapshots as scenario files of the server's machines write them: `CDS a:1 b:2 EDS a:1`. */
import { versionedResource, type ResourceSet, type Snapshot, type VersionedResource } from '../snapshot/snapshot.ts';
import { typeUrls, type TypeUrl } from '../type-urls.ts';

export const scenarioTypes: Readonly<Record<string, TypeUrl>> = {
  LDS: typeUrls.listener,
  RDS: typeUrls.routeConfiguration,
  VHDS: typeUrls.virtualHost,
  CDS: typeUrls.cluster,
  EDS: typeUrls.clusterLoadAssignment,
  SDS: typeUrls.secret,
};

/** `CDS a:1 b:2 EDS a:1`. The version of a set is its contents, so that it can be read. */
export function snapshotOf(words: readonly string[]): Snapshot {
  const types = new Map<TypeUrl, VersionedResource[]>();
  let current: VersionedResource[] = [];
  let typeUrl = '';
  for (const word of words) {
    if (word in scenarioTypes) {
      typeUrl = scenarioTypes[word] as TypeUrl;
      types.set(typeUrl, (current = []));
    } else {
      const [name = '', content = ''] = word.split(':');
      current.push(resourceOf(typeUrl, name, content));
    }
  }
  return { types: new Map([...types].map(([url, resources]) => [url, setOf(resources)])) };
}

function resourceOf(typeUrl: TypeUrl, name: string, content: string): VersionedResource {
  const value = typeUrl === typeUrls.cluster ? { name, type: 'EDS' } : { name };
  return versionedResource({ typeUrl, name, value }, Buffer.from(`${name}:${content}`), content);
}

function setOf(resources: readonly VersionedResource[]): ResourceSet {
  return {
    version: resources.map(({ name, version }) => `${name}${version}`).join('+') || 'none',
    resources: new Map(resources.map((resource) => [resource.name, resource])),
  };
}
