/** Carries out a patch, as an API server does: the other half of what tests compare with. */
import type { PatchOperation } from '../json-patch.ts';

export function applyJsonPatchForTest(document: unknown, operations: readonly PatchOperation[]): unknown {
  const holder: Record<string, unknown> = { root: structuredClone(document) };
  for (const { op, path, value } of operations) {
    const steps = ['root', ...path.split('/').slice(1).map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))];
    const key = steps.pop() as string;
    let parent: unknown = holder;
    for (const step of steps) {
      if (!Object.hasOwn(parent as object, step)) throw new Error(`nothing at ${path}`);
      parent = (parent as Record<string, unknown>)[step];
    }
    carryOut(parent as Record<string, unknown> | unknown[], key, op, structuredClone(value), path);
  }
  return holder['root'];
}

function carryOut(parent: Record<string, unknown> | unknown[], key: string, op: PatchOperation['op'], value: unknown, path: string): void {
  if (Array.isArray(parent)) {
    const index = Number(key);
    if (!(index >= 0 && index < parent.length + (op === 'add' ? 1 : 0))) throw new Error(`no place for ${op} ${path}`);
    if (op === 'add') parent.splice(index, 0, value);
    else if (op === 'remove') parent.splice(index, 1);
    else parent[index] = value;
    return;
  }
  if (op !== 'add' && !Object.hasOwn(parent, key)) throw new Error(`nothing to ${op} at ${path}`);
  if (op === 'remove') delete parent[key];
  else Object.defineProperty(parent, key, { value, enumerable: true, configurable: true, writable: true });
}
