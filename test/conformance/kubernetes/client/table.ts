/** All cases. Each runs in a namespace of its own, on any API server. */
import { namespaces, type KubernetesClient, type Transport } from '@sluice/kubernetes';
import { custom } from './custom.ts';
import { leading } from './leading.ts';
import { life } from './life.ts';
import { ownership } from './ownership.ts';
import { verbs } from './verbs.ts';
import { watching } from './watching.ts';
import { clientOver, type Case } from './world.ts';

export const table: Readonly<Record<string, readonly Case[]>> = { verbs, watching, ownership, life, custom, leading };

/** Runs one case and takes its namespace away afterwards, whatever came of it. */
export async function runCase(one: Case, transport: Transport, run: string): Promise<void> {
  const client = clientOver(transport);
  const namespace = `conformance-${run}`;
  await client.resource(namespaces).create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  try {
    await one.run({ transport, client, namespace, run });
  } finally {
    await cleanUp(client, namespace);
  }
}

async function cleanUp(client: KubernetesClient, namespace: string): Promise<void> {
  await client.resource(namespaces).delete({ name: namespace });
}
