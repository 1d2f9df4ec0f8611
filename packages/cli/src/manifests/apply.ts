/**
 * Applies manifests server-side. What was applied before and has not changed in the file since is left
 * alone, so that what somebody did with kubectl in the meantime survives a restart; a changed file wins.
 */
import { createHash } from 'node:crypto';
import type { Problem } from '@sluice/kernel';
import { ApiError, type KubernetesClient, type KubernetesObject } from '@sluice/kubernetes';
import type { Discovery } from './discovery.ts';
import type { Manifest } from './read.ts';

/** Ours: what the file said when it was last applied. */
const appliedAnnotation = 'local.sluice.dev/applied';

export interface Applied {
  readonly manifest: Manifest;
  readonly result: 'applied' | 'unchanged';
}

export interface ApplyResult {
  readonly applied: readonly Applied[];
  readonly problems: readonly Problem[];
}

export async function applyManifests(client: KubernetesClient, discovery: Discovery, manifests: readonly Manifest[]): Promise<ApplyResult> {
  const applied: Applied[] = [];
  const problems: Problem[] = [];
  for (const manifest of manifests) {
    try {
      applied.push({ manifest, result: await applyOne(client, discovery, manifest) });
    } catch (reason) {
      if (!(reason instanceof ApiError)) throw reason;
      problems.push({
        path: '',
        message: reason.message,
        severity: 'error',
        position: { file: manifest.file, line: manifest.line, column: 1 },
      });
    }
  }
  return { applied, problems };
}

async function applyOne(client: KubernetesClient, discovery: Discovery, { object }: Manifest): Promise<Applied['result']> {
  const kind = await discovery.find(object.apiVersion, object.kind);
  if (!kind) {
    throw new ApiError(404, { kind: 'Status', apiVersion: 'v1', message: `no kind ${object.kind} in ${object.apiVersion}` }, 'apply');
  }
  const resource = client.resource(kind);
  const namespace = kind.namespaced ? (object.metadata.namespace ?? 'default') : undefined;
  const hash = createHash('sha256').update(JSON.stringify(object)).digest('hex').slice(0, 16);
  const reference = { name: object.metadata.name, ...(namespace === undefined ? {} : { namespace }) };
  const existing = await resource.find(reference);
  if (existing?.metadata.annotations?.[appliedAnnotation] === hash) return 'unchanged';
  const metadata = (object as KubernetesObject).metadata;
  await resource.apply({
    ...object,
    metadata: { ...metadata, ...reference, annotations: { ...metadata.annotations, [appliedAnnotation]: hash } },
  });
  return 'applied';
}
