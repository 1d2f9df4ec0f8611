/** Paths of request targets, before anything is matched against them. */

/**
 * Resolves dot segments (RFC 3986 5.2.4), also those whose dots are percent-encoded, and takes a backslash for a
 * slash. Case, other escapes and the query stay. A path cannot climb above its root: what would do so is left out.
 */
export function normalizePath(target: string): string {
  const queryAt = target.indexOf('?');
  const path = queryAt === -1 ? target : target.slice(0, queryAt);
  if (!suspicious.test(path)) return target;
  const kept: string[] = [];
  const segments = path.replaceAll('\\', '/').split('/').slice(1);
  segments.forEach((segment, index) => {
    const plain = segment.replaceAll(/%2e/gi, '.');
    const isLast = index === segments.length - 1;
    if (plain === '..') {
      kept.pop();
      if (isLast) kept.push('');
    } else if (plain === '.') {
      if (isLast) kept.push('');
    } else {
      kept.push(segment);
    }
  });
  return `/${kept.join('/')}${queryAt === -1 ? '' : target.slice(queryAt)}`;
}

/** A dot after a slash, an escaped dot, or a backslash: everything else is normal already. */
const suspicious = /\/\.|%2e|\\/i;

/** Runs of slashes in the path become one. */
export function mergeSlashes(target: string): string {
  if (!target.includes('//')) return target;
  const queryAt = target.indexOf('?');
  const path = queryAt === -1 ? target : target.slice(0, queryAt);
  return path.replaceAll(/\/{2,}/g, '/') + (queryAt === -1 ? '' : target.slice(queryAt));
}

/** Turns `%2F` and `%5C` in the path into the slash and the backslash that they stand for. The query stays. */
export function unescapeSlashes(target: string): string {
  if (!target.includes('%')) return target;
  const queryAt = target.indexOf('?');
  const path = queryAt === -1 ? target : target.slice(0, queryAt);
  const plain = path.replaceAll(/%(2f|5c)/gi, (_, code: string) => (code === '5c' || code === '5C' ? '\\' : '/'));
  return plain + (queryAt === -1 ? '' : target.slice(queryAt));
}
