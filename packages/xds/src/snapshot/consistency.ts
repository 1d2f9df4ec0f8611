/** Whether everything in a snapshot that is pointed to is there. */
import { problem, type Problem } from '@sluice/kernel';

import type { JsonObject } from '../codec/json.ts';
import { clusterNamesOf, clusterNamesOfHost, endpointNameOf, routeNamesOf } from '../references.ts';
import { typeUrls, type TypeUrl } from '../type-urls.ts';
import type { Snapshot } from './snapshot.ts';

/**
 * The references that lead nowhere: a proxy would warm for ever or answer 503 on their account, so a snapshot
 * with any of them must not be published. Resources nobody points to are no problem.
 */
export function danglingReferences(snapshot: Snapshot): readonly Problem[] {
  return [
    ...dangling(snapshot, 'CDS', typeUrls.cluster, typeUrls.clusterLoadAssignment, 'endpoint assignment', (cluster) => {
      const name = endpointNameOf(cluster);
      return name === undefined ? [] : [name];
    }),
    ...dangling(snapshot, 'LDS', typeUrls.listener, typeUrls.routeConfiguration, 'route configuration', routeNamesOf),
    ...dangling(snapshot, 'RDS', typeUrls.routeConfiguration, typeUrls.cluster, 'cluster', clusterNamesOf),
    ...dangling(snapshot, 'VHDS', typeUrls.virtualHost, typeUrls.cluster, 'cluster', clusterNamesOfHost),
  ];
}

function dangling(
  snapshot: Snapshot,
  from: string,
  fromType: TypeUrl,
  toType: TypeUrl,
  what: string,
  referencesOf: (value: JsonObject) => readonly string[],
): readonly Problem[] {
  const targets = snapshot.types.get(toType)?.resources;
  const problems: Problem[] = [];
  for (const { name, value } of snapshot.types.get(fromType)?.resources.values() ?? []) {
    for (const target of referencesOf(value)) {
      if (targets?.has(target)) continue;
      const message = `points to the ${what} ${JSON.stringify(target)}, which is not there`;
      problems.push(problem(`${from}[${JSON.stringify(name)}]`, message));
    }
  }
  return problems;
}
