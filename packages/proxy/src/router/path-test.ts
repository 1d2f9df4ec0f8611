/** PathMatch, compiled. Paths come with their query; `pathEnd` says where the path ends and the query begins. */
import type { RouteMatch } from '@sluice/resources';
import type { PatternCompiler } from './compile-session.ts';

export type PathTest = (pathAndQuery: string, pathEnd: number) => boolean;

/** Where the path of `/a/b?c=d` ends. */
export function endOfPath(pathAndQuery: string): number {
  const query = pathAndQuery.indexOf('?');
  return query === -1 ? pathAndQuery.length : query;
}

export function compilePathMatch(match: RouteMatch, path: string, patterns: PatternCompiler): PathTest {
  const { kind, value } = match.path;
  if (kind === 'connect') return () => true;
  if (kind === 'safe_regex' || kind === 'template') {
    const regex = patterns.regex(value, kind === 'template' ? `${path}.path_match_policy` : `${path}.safe_regex.regex`);
    return (pathAndQuery, pathEnd) => regex.matchesAll(pathAndQuery.slice(0, pathEnd));
  }
  if (match.caseSensitive) return compareWith(kind, value);
  const compare = compareWith(kind, value.toLowerCase());
  // Letters outside ASCII may change their length in lower case; none occurs in a path that was let in.
  return (pathAndQuery, pathEnd) => compare(pathAndQuery.toLowerCase(), pathEnd);
}

/** Whether every path matches, so that nothing need be compared. */
export function matchesEveryPath({ path }: RouteMatch): boolean {
  return path.kind === 'prefix' && (path.value === '/' || path.value === '');
}

function compareWith(kind: 'prefix' | 'path' | 'path_separated_prefix', wanted: string): PathTest {
  const length = wanted.length;
  switch (kind) {
    case 'prefix':
      return (path, end) => length <= end && path.startsWith(wanted);
    case 'path':
      return (path, end) => length === end && path.startsWith(wanted);
    case 'path_separated_prefix':
      return (path, end) => length <= end && path.startsWith(wanted) && (length === end || path[length] === '/');
  }
}
