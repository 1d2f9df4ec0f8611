/** Which revision a request at an activator is for. */
import type { RequestHead } from '@sluice/http';

/** Headers that gateways set on what they send to activators. */
export const revisionHeader = 'knative-serving-revision';
export const namespaceHeader = 'knative-serving-namespace';

/** What the filter sets to the revision's cluster, `namespace/name`, for a route with this `cluster_header`. Whatever a client says in it is replaced. */
export const clusterHeader = 'sluice-activator-cluster';

export interface RevisionName {
  readonly namespace: string;
  readonly name: string;
}

/** By the two headers, else by a host `<revision>.<namespace>.svc.<cluster domain>`; undefined when neither says. */
export function revisionOf(head: RequestHead): RevisionName | undefined {
  const name = head.get(revisionHeader);
  const namespace = head.get(namespaceHeader);
  if (name && namespace) return { namespace, name };
  const [revision, inNamespace, service] = head.authority.split('.');
  return revision && inNamespace && service === 'svc' ? { namespace: inNamespace, name: revision } : undefined;
}
