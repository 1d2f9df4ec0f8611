/** The file that points kubectl and every other client at the server. */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { stringify } from 'yaml';

/** The text of a kubeconfig with one cluster, one user without credentials and one context, all named `sluice`. */
export function formatKubeconfig(url: string): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'sluice', cluster: { server: url } }],
    users: [{ name: 'sluice', user: {} }],
    contexts: [{ name: 'sluice', context: { cluster: 'sluice', user: 'sluice', namespace: 'default' } }],
    'current-context': 'sluice',
  });
}

/** Writes it for the server at `url` (`http://127.0.0.1:6443`), readable by the owner only; a reader never sees half a file. */
export function writeKubeconfig(path: string, url: string): void {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.new`;
  writeFileSync(temporary, formatKubeconfig(url), { mode: 0o600 });
  renameSync(temporary, path);
}
