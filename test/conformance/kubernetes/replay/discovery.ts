/**
 * Discovery of the recorded server without the kinds that ours does not have: that they are missing is known from the requests about
 * them, and would be said once more in every discovery answer.
 */
import { isObject, textAt, type Json, type JsonObject } from './exchange.ts';

/** @param found our answer to the same request */
export function withoutUnoffered(recorded: Json | undefined, found: Json | undefined): Json | undefined {
  if (!isObject(recorded) || !isObject(found)) return recorded;
  switch (recorded['kind']) {
    case 'APIResourceList':
      return { ...recorded, resources: keepNamed(recorded['resources'], found['resources'], 'name') };
    case 'APIGroupList':
      return { ...recorded, groups: keepNamed(recorded['groups'], found['groups'], 'name').map((group) => withSameVersions(group, found['groups'])) };
    case 'APIGroupDiscoveryList':
      return { ...recorded, items: keepGroups(recorded['items'], found['items']) };
    default:
      return recorded;
  }
}

function keepGroups(recorded: Json | undefined, found: Json | undefined): JsonObject[] {
  const groups: JsonObject[] = [];
  for (const group of objects(recorded)) {
    const own = objects(found).find((one) => textAt(one, 'metadata', 'name') === textAt(group, 'metadata', 'name'));
    if (!own) continue;
    const versions = keepNamed(group['versions'], own['versions'], 'version').map((version) => {
      const same = objects(own['versions']).find((one) => one['version'] === version['version']);
      const resources = keepNamed(version['resources'], same?.['resources'], 'resource').map((resource) => {
        const ours = objects(same?.['resources']).find((one) => one['resource'] === resource['resource']);
        if (resource['subresources'] === undefined) return resource;
        const kept = keepNamed(resource['subresources'], ours?.['subresources'], 'subresource');
        const { subresources: _all, ...rest } = resource;
        return kept.length > 0 ? { ...rest, subresources: kept } : rest;
      });
      return { ...version, resources };
    });
    groups.push({ ...group, versions });
  }
  return groups;
}

function withSameVersions(group: JsonObject, found: Json | undefined): JsonObject {
  const own = objects(found).find((one) => one['name'] === group['name']);
  return { ...group, versions: keepNamed(group['versions'], own?.['versions'], 'version') };
}

function keepNamed(recorded: Json | undefined, found: Json | undefined, field: string): JsonObject[] {
  const names = new Set(objects(found).map((one) => one[field]));
  return objects(recorded).filter((one) => names.has(one[field]));
}

function objects(list: Json | undefined): JsonObject[] {
  return Array.isArray(list) ? list.filter((one) => isObject(one)) : [];
}
