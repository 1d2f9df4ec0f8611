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
  for (const manifest of inOrder(manifests)) {
    try {
      applied.push({ manifest, result: await applyOne(client, discovery, manifest) });
    } catch (reason) {
      if (!(reason instanceof ApiError)) throw reason;
      problems.push(...refusals(reason, manifest));
    }
  }
  return { applied, problems };
}

/** What others need first: a namespace before what lives in it, a kind before its objects. */
function inOrder(manifests: readonly Manifest[]): readonly Manifest[] {
  const isNeeded = ({ object }: Manifest): boolean => object.kind === 'Namespace' || object.kind === 'CustomResourceDefinition';
  return [...manifests.filter(isNeeded), ...manifests.filter((manifest) => !isNeeded(manifest))];
}

/** What the server found wrong, one problem for each field that it names, each at its place in the file. */
function refusals({ statusMessage, details }: ApiError, manifest: Manifest): Problem[] {
  const unknown = [...statusMessage.matchAll(/unknown field "([^"]+)"/g)].map(([message, field]) => ({ message, field }));
  const judged = judgements(statusMessage);
  const named = unknown.length > 0 ? unknown : judged.length > 0 ? judged : (details.causes ?? []);
  const problems = named.flatMap(({ field, message }): Problem[] =>
    field === undefined || message === undefined ? [] : [{ path: field, message, severity: 'error', position: manifest.positionOf(field) }],
  );
  if (problems.length > 0) return problems.map((found) => (found.message.includes(found.path) ? { ...found, path: '' } : found));
  return [{ path: '', message: statusMessage, severity: 'error', position: manifest.positionOf('') }];
}

/** What a webhook of serving says: a line for each complaint, which ends with the fields it is about; lines without any say more of the one before. */
function judgements(message: string): { readonly field: string; readonly message: string }[] {
  const lines = /denied the request: validation failed: (.*)$/s.exec(message)?.[1]?.split('\n') ?? [];
  const found: { field: string; message: string }[] = [];
  for (const line of lines) {
    const field = /: ((?:metadata|spec)\b[^\s,]*)(?:, [^\s,]+)*$/.exec(line)?.[1];
    const last = found.at(-1);
    if (field !== undefined) found.push({ field, message: line });
    else if (last) last.message += `\n${line}`;
  }
  return found;
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
  const annotations = { ...metadata.annotations, [appliedAnnotation]: hash };
  // A field that nobody knows is a slip of the pen: better said than dropped.
  await resource.apply({ ...object, metadata: { ...metadata, ...reference, annotations } }, { fieldValidation: 'Strict' });
  return 'applied';
}
