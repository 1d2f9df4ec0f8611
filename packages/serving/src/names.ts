/** Names of the objects that are made from others. */
import { createHash } from 'node:crypto';

/** The longest a name may be that also becomes a DNS label. */
const nameLengthMax = 63;

/** Hexadecimal digits of the hash that stands for the rest of a name that is too long. */
const hashLength = 32;

/**
 * `parent` with `suffix`, shortened by a hash where the two would not fit into a label: the same name as
 * Knative gives, so that objects made by either are found by both.
 * https://github.com/knative/pkg/blob/main/kmeta/names.go
 */
export function childName(parent: string, suffix: string): string {
  if (parent.length + suffix.length <= nameLengthMax) return parent + suffix;
  const headLength = nameLengthMax - hashLength;
  if (suffix.length >= headLength) {
    const name = parent.slice(0, headLength) + md5(parent + suffix);
    return withoutTrailingDashes(name + suffix.slice(0, nameLengthMax - name.length));
  }
  return parent.slice(0, headLength - suffix.length) + md5(parent) + suffix;
}

/** The name of a Revision whose template gives none: `hello-00007`. */
export function generatedRevisionName(configuration: string, generation: number): string {
  return childName(configuration, `-${String(generation).padStart(5, '0')}`);
}

export function deploymentName(revision: string): string {
  return childName(revision, '-deployment');
}

export function privateServiceName(revision: string): string {
  return childName(revision, '-private');
}

/** A short name for content: FNV-1a with 32 bits, in base 36. Tells changes apart; hides nothing. */
export function contentHash(content: unknown): string {
  const text = canonicalJson(content);
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0).toString(36);
}

/** JSON with sorted keys: equal values give equal texts. Members that are undefined count as absent. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value)
    .filter(([, inner]) => inner !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, inner]) => `${JSON.stringify(key)}:${canonicalJson(inner)}`);
  return `{${members.join(',')}}`;
}

/** Whether two values, as JSON, say the same: order of keys and undefined members do not count. Asked at every reconciling, so it writes no text. */
export function isSameContent(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return (a ?? null) === (b ?? null);
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, index) => isSameContent(item, b[index]));
  }
  return isSameMembers(a as Record<string, unknown>, b as Record<string, unknown>);
}

function isSameMembers(a: Record<string, unknown>, b: Record<string, unknown>): boolean {
  let known = 0;
  for (const key in a) {
    if (a[key] === undefined) continue;
    if (b[key] === undefined || !isSameContent(a[key], b[key])) return false;
    known += 1;
  }
  for (const key in b) if (b[key] !== undefined) known -= 1;
  return known === 0;
}

/** No strength is needed: the hash only keeps names apart. */
function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}

function withoutTrailingDashes(name: string): string {
  return name.replace(/[^a-z0-9]+$/, '');
}
