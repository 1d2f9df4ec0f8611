/**
 * One form for the path of a request, before anything is matched against it and in the form that goes on upstream.
 * In Envoy's order: escaped slashes, dot segments, runs of slashes. Compiled, so that a manager that changes nothing
 * does not look.
 */
import { mergeSlashes, normalizePath, unescapeSlashes, type RequestHead } from '@sluice/http';

export interface PathSettings {
  /** Default `keep`. */
  readonly escapedSlashes?: 'keep' | 'reject' | 'redirect' | 'forward';
  readonly normalizePath: boolean;
  readonly mergeSlashes: boolean;
}

/** `rejected`: it may not pass. `redirected`: the head has the path that its client should ask for instead. */
export type PathVerdict = 'passes' | 'rejected' | 'redirected';

export type PathCondition = (head: RequestHead) => PathVerdict;

/** Undefined where paths stay as they are. */
export function createPathCondition({ escapedSlashes = 'keep', normalizePath: normalizes, mergeSlashes: merges }: PathSettings): PathCondition | undefined {
  if (escapedSlashes === 'keep' && !normalizes && !merges) return undefined;
  return (head) => {
    const before = head.path;
    // `*` and the authority of a CONNECT are no paths.
    if (before.charCodeAt(0) !== 0x2f) return 'passes';
    let path = escapedSlashes === 'keep' ? before : unescapeSlashes(before);
    const isUnescaped = path !== before;
    if (isUnescaped && escapedSlashes === 'reject') return 'rejected';
    if (normalizes) path = normalizePath(path);
    if (merges) path = mergeSlashes(path);
    if (path !== before) head.path = path;
    return isUnescaped && escapedSlashes === 'redirect' ? 'redirected' : 'passes';
  };
}
