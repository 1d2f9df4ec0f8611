/** Says where a retry policy stands that has no effect yet. */
import type { Problem } from '@sluice/kernel';
import type { RouteConfiguration } from '@sluice/resources';

/**
 * The engine itself tries again only where that is safe without asking: nothing was sent, or the keep-alive race of
 * an idempotent request. Policies that want more are accepted and named, since being without them changes no answer
 * that an upstream gave.
 */
export function retryWarnings(routes: RouteConfiguration): readonly Problem[] {
  const problems: Problem[] = [];
  const warn = (path: string): void => {
    problems.push({ path, message: 'has no effect: only tries that are safe by themselves are repeated', severity: 'warning' });
  };
  routes.virtualHosts.forEach((host, hostIndex) => {
    const hostPath = `virtual_hosts[${hostIndex}]`;
    if (host.retryPolicy) warn(`${hostPath}.retry_policy`);
    host.routes.forEach(({ action }, index) => {
      if (action.kind === 'route' && action.retryPolicy) warn(`${hostPath}.routes[${index}].route.retry_policy`);
    });
  });
  return problems;
}
