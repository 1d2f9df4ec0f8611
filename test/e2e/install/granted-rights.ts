/** What the installed chart grants its components, and what of it was never used. */
import { GrantedAccess } from '../../charts/access/granted-access.ts';
import { RenderedChart, type Manifest } from '../../charts/rendered-chart.ts';
import type { NotedDecision } from './decision-book.ts';

export interface Rights {
  /** What somebody asked for and may not do. */
  readonly denied: readonly string[];
  /** What somebody may do and never asked for. */
  readonly unused: readonly string[];
  /** How many rights there are. */
  readonly granted: number;
}

/** @param objects Roles, ClusterRoles and their bindings @param accounts names in `namespace` */
export function rightsOf(objects: readonly Manifest[], namespace: string, accounts: readonly string[], decisions: readonly NotedDecision[]): Rights {
  const chart = new RenderedChart(objects);
  const denied: string[] = [];
  const unused: string[] = [];
  let granted = 0;
  for (const account of accounts) {
    const access = new GrantedAccess(chart, account);
    granted += access.granted.size;
    for (const decision of decisions.filter((one) => one.account === `${namespace}/${account}`)) {
      const { verb, group, resource, name } = decision;
      const wanted = { verb, group, resource, namespace: decision.namespace === '' ? undefined : decision.namespace, name: name === '' ? undefined : name };
      // What this file takes for granted, the server must have granted too.
      if (access.allows(wanted) !== decision.isAllowed || !decision.isAllowed) denied.push(`${account}: ${verb} ${group === '' ? 'core' : group}/${resource} ${decision.namespace}/${name}`);
    }
    unused.push(...access.unused().map((right) => `${account}: ${right}`));
  }
  return { denied, unused, granted };
}
