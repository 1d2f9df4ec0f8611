/** Where in a file a field stands, found by the path that a server or a validator names it by. */
import { isMap, isPair, isScalar, isSeq, type Document, type Node } from 'yaml';

/**
 * The offset of the field at `path` (`spec.template.spec.containers[0].comand`), or of the innermost field around it
 * that is there: what is missing has no place of its own. A field's place is that of its key.
 */
export function offsetOf(document: Document, path: string): number {
  let node: unknown = document.contents;
  let offset = (node as Node | null)?.range?.[0] ?? 0;
  for (const step of steps(path)) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => (isScalar(key) ? key.value : key) === step);
      if (!isPair(pair)) break;
      offset = (pair.key as Node).range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      if (node === undefined) break;
      offset = (node as Node).range?.[0] ?? offset;
    } else break;
  }
  return offset;
}

/** `a.b[0].c` and Knative's `a.b[0]c.d` alike; `["x.y/z"]` is one step. */
function steps(path: string): string[] {
  return [...path.matchAll(/\["?([^\]"]+)"?\]|([^.[\]]+)/g)].map(([, bracketed, plain]) => bracketed ?? plain ?? '');
}
