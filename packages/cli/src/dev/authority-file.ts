/** The certificate that clients are to trust for HTTPS, as a file that curl and browsers take. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isNotFound, secrets, type KubernetesClient } from '@sluice/kubernetes';
import { authoritySecret, systemNamespace } from './components.ts';

/** @returns the file. It is not written while there is no authority: that is made with the first certificate */
export async function saveAuthority(client: KubernetesClient, stateFolder: string): Promise<string> {
  const file = join(stateFolder, 'ca.crt');
  try {
    const { data } = await client.resource(secrets).get({ namespace: systemNamespace, name: authoritySecret });
    writeFileSync(file, Buffer.from(data?.['tls.crt'] ?? '', 'base64'));
  } catch (reason) {
    if (!isNotFound(reason)) throw reason;
  }
  return file;
}
