/** What a request must look like for a rule. */
import type { EdgeMatch, ValueMatch } from '@sluice/serving';

import type { JsonObject } from '../resource.ts';

export function routeMatch({ path, method, headers, query, oneLabel }: EdgeMatch, domain: string): JsonObject {
  const all = [
    ...(method === '' ? [] : [{ name: ':method', string_match: { exact: method } }]),
    ...(oneLabel ? [{ name: ':authority', string_match: { safe_regex: { regex: `[^.:]+${escaped(domain.slice(1))}(?::[0-9]+)?` } } }] : []),
    ...headers.map(valueMatch),
  ];
  return {
    ...pathMatch(path),
    ...(all.length === 0 ? {} : { headers: all }),
    ...(query.length === 0 ? {} : { query_parameters: query.map(valueMatch) }),
  };
}

function pathMatch({ kind, value }: EdgeMatch['path']): JsonObject {
  if (kind === 'exact') return { path: value };
  if (kind === 'regex') return { safe_regex: { regex: value } };
  return value === '/' ? { prefix: '/' } : { path_separated_prefix: value };
}

function valueMatch({ name, kind, value }: ValueMatch): JsonObject {
  return { name, string_match: kind === 'exact' ? { exact: value } : { safe_regex: { regex: value } } };
}

export function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
