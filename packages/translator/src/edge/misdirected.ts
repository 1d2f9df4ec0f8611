/**
 * Requests for one listener's names on a connection that was made for another's, as browsers send them where one certificate is for both: they are answered 421,
 * and come again on a connection of their own. https://gateway-api.sigs.k8s.io/geps/gep-3567/
 */
import { typeNames } from '../names.ts';
import type { JsonObject } from '../resource.ts';
import { escaped } from './rule-matches.ts';

/** @param names hostnames of the listeners at one port, `*` for all others; with one of them nobody can be at the wrong one */
export function misdirectedFilters(names: readonly string[]): readonly JsonObject[] {
  if (names.length < 2) return [];
  const permissions = names.map((name) => {
    const nearer = names.filter((other) => other !== name && isNearer(other, name));
    // The host is this listener's, and the connection is not.
    return { and_rules: { rules: [nearest(hostIs, name, nearer), { not_rule: nearest(connectionIs, name, nearer) }] } };
  });
  const rules = { action: 'DENY', policies: { misdirected: { permissions, principals: [{ any: true }] } } };
  return [{ name: 'envoy.filters.http.rbac', typed_config: { '@type': typeNames.rbac, rules } }];
}

/** Nothing else of these listeners answers 403 by itself. */
export function misdirectedReplies(names: readonly string[]): { readonly replies?: JsonObject } {
  if (names.length < 2) return {};
  const filter = { status_code_filter: { comparison: { op: 'EQ', value: { default_value: 403, runtime_key: 'edge.misdirected' } } } };
  return { replies: { mappers: [{ filter, status_code: 421, body: { inline_string: 'misdirected request' } }] } };
}

type Test = (name: string) => JsonObject;

const hostIs: Test = (name) => (name === '*' ? { any: true } : { header: { name: ':authority', string_match: { safe_regex: { regex: `${patternOf(name)}(?::[0-9]+)?` } } } });

const connectionIs: Test = (name) => (name === '*' ? { any: true } : { requested_server_name: { safe_regex: { regex: patternOf(name) } } });

function nearest(test: Test, name: string, nearer: readonly string[]): JsonObject {
  return nearer.length === 0 ? test(name) : { and_rules: { rules: [test(name), ...nearer.map((other) => ({ not_rule: test(other) }))] } };
}

function patternOf(name: string): string {
  return name.startsWith('*') ? `.+${escaped(name.slice(1))}` : escaped(name);
}

/** Whether all names of `inner` are of `outer` too. */
function isNearer(inner: string, outer: string): boolean {
  return outer === '*' || (outer.startsWith('*') && inner.endsWith(outer.slice(1)));
}
