/** Tables as clients see them that do not discover virtual hosts: with their hosts in them. */
import { typeUrls } from '@sluice/resources';

import type { TranslatedResource } from '../resource.ts';

export function inlineHosts(resources: readonly TranslatedResource[]): readonly TranslatedResource[] {
  return resources
    .filter(({ typeUrl }) => typeUrl !== typeUrls.virtualHost)
    .map((resource) => {
      const { vhds, ...value } = resource.value;
      if (vhds === undefined) return resource;
      const hosts = resources.filter(({ typeUrl, name }) => typeUrl === typeUrls.virtualHost && name.slice(0, name.lastIndexOf('/')) === resource.name);
      return { ...resource, value: { ...value, virtual_hosts: hosts.map((host) => host.value) } };
    });
}
