/** The patches that the fake server knows: merge, JSON (add, replace, remove), and apply as a merge. */
type Fields = Record<string, unknown>;

export function applyPatch(object: unknown, patch: unknown, contentType: string): unknown {
  if (contentType.startsWith('application/json-patch')) return applyJsonPatch(object, patch as JsonOperation[]);
  return mergePatch(object, patch);
}

interface JsonOperation {
  readonly op: string;
  readonly path: string;
  readonly value?: unknown;
}

/** RFC 7396. */
function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isFields(patch)) return patch;
  const merged: Fields = isFields(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = mergePatch(merged[key], value);
  }
  return merged;
}

/** RFC 6902 as far as paths through objects go. */
function applyJsonPatch(object: unknown, operations: readonly JsonOperation[]): unknown {
  const result = structuredClone(object) as Fields;
  for (const { op, path, value } of operations) {
    const keys = path
      .split('/')
      .slice(1)
      .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
    const last = keys.pop() ?? '';
    let parent = result;
    for (const key of keys) {
      if (!isFields(parent[key])) parent[key] = {};
      parent = parent[key] as Fields;
    }
    if (op === 'remove') delete parent[last];
    else if (op === 'add' || op === 'replace') parent[last] = value;
    else throw new TypeError(`the fake server knows no JSON patch operation ${op}`);
  }
  return result;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
