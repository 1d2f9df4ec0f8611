/**
 * What a client holds, as text for a file, so that a proxy that is started again serves while the config service is away.
 * This is ours: Envoy has no such thing. Private keys are not part of it: secrets are left out.
 */
import { versionOfBytes } from '../snapshot/content-version.ts';
import { typeUrls } from '../type-urls.ts';
import type { AdsClient, RestoredType } from './ads-client.ts';
import type { ReceivedResource } from './ads-consumer.ts';

/** What each client holds, by a name for its source. */
export type CachedSources = Readonly<Record<string, readonly RestoredType[]>>;

/** The most that is written, in bytes: 64 MiB. Chosen: some hundred thousand endpoints. */
export const cacheBytesMax = 64 * 1024 * 1024;

/** Another number when older files can no longer be read. */
const format = 1;

export function heldBy(client: AdsClient): readonly RestoredType[] {
  return client
    .status()
    .filter(({ typeUrl }) => typeUrl !== typeUrls.secret)
    .map(({ typeUrl, acceptedVersion }) => ({ typeUrl, version: acceptedVersion, resources: [...client.held(typeUrl).values()] }))
    .filter(({ resources }) => resources.length > 0);
}

/** `node` is whose it is: another's is not taken. Undefined when it would be too large. */
export function encodeCache(sources: CachedSources, node: string): string | undefined {
  const body = JSON.stringify({ node, sources });
  const text = `${JSON.stringify({ format, hash: versionOfBytes(Buffer.from(body)) })}\n${body}`;
  return Buffer.byteLength(text) > cacheBytesMax ? undefined : text;
}

/** What a file held, or why it cannot be used. */
export type DecodedCache = { readonly ok: true; readonly sources: CachedSources } | { readonly ok: false; readonly reason: string };

export function decodeCache(text: string, node: string): DecodedCache {
  const end = text.indexOf('\n');
  const body = text.slice(end + 1);
  try {
    const head = JSON.parse(text.slice(0, Math.max(end, 0))) as { readonly format?: unknown; readonly hash?: unknown };
    if (head.format !== format) return refuse(`is of format ${JSON.stringify(head.format)}, must be ${format}`);
    if (head.hash !== versionOfBytes(Buffer.from(body))) return refuse('is not whole');
    const content = JSON.parse(body) as { readonly node?: unknown; readonly sources?: unknown };
    if (content.node !== node) return refuse(`is of node ${JSON.stringify(content.node)}, this one is ${JSON.stringify(node)}`);
    return isSources(content.sources) ? { ok: true, sources: content.sources } : refuse('has another shape');
  } catch {
    return refuse('is not whole');
  }
}

function refuse(reason: string): DecodedCache {
  return { ok: false, reason };
}

function isSources(value: unknown): value is CachedSources {
  return isFields(value) && Object.values(value).every((types) => Array.isArray(types) && types.every(isRestoredType));
}

function isRestoredType(value: unknown): value is RestoredType {
  return isFields(value) && typeof value['typeUrl'] === 'string' && typeof value['version'] === 'string' && Array.isArray(value['resources']) && value['resources'].every(isResource);
}

function isResource(value: unknown): value is ReceivedResource {
  return isFields(value) && typeof value['name'] === 'string' && typeof value['version'] === 'string' && isFields(value['value']);
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
