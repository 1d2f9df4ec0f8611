/**
 * Whether a proxy could use what is to be sent. Clients that do not discover hosts one by one
 * take or refuse a table of many objects' hosts as a whole, so a host that would spoil it must not get in.
 */
import { decodeRouteConfiguration } from '@sluice/resources';
import { problem, type Problem } from '@sluice/kernel';

import type { JsonObject } from './resource.ts';

/**
 * The most that the hosts of one route may take, in characters of JSON. Chosen: some thousand paths or tags; more would
 * make every gateway pay for one object.
 */
export const virtualHostSizeMax = 1_000_000;

/** As our own proxy reads it; Envoy's rules are the same for what we send. */
export function virtualHostProblems(host: JsonObject): readonly Problem[] {
  const size = JSON.stringify(host).length;
  if (size > virtualHostSizeMax) return [problem('', `is too large: ${size} characters as a virtual host, may have ${virtualHostSizeMax}`)];
  return decodeRouteConfiguration({ name: 'check', virtual_hosts: [host] }).problems.map(({ path, message }) =>
    problem(path.replace('virtual_hosts[0].', ''), message),
  );
}
