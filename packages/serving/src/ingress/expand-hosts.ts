/** The shorter names by which clients in the cluster may call one of its hosts. */

/**
 * Each host, and what is left of it without `.<domain>` and without `.svc.<domain>`, unless its last label could not
 * stand there: longer than 63 characters, or of digits alone. Sorted, without repetitions. As Knative:
 * https://github.com/knative/networking/blob/main/pkg/ingress/ingress.go
 */
export function expandHosts(hosts: readonly string[], clusterDomain: string): string[] {
  const suffixes = ['', `.${clusterDomain}`, `.svc.${clusterDomain}`];
  const expanded = hosts.flatMap((host) => suffixes.filter((suffix) => host.endsWith(suffix)).map((suffix) => host.slice(0, host.length - suffix.length)));
  return [...new Set(expanded.filter(hasPossibleLastLabel))].sort();
}

function hasPossibleLastLabel(host: string): boolean {
  const label = host.slice(host.lastIndexOf('.') + 1);
  return label.length > 0 && label.length <= 63 && !/^\d+$/.test(label);
}
