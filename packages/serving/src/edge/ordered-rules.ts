/**
 * Which rule of a host is asked first: Gateway API's order for rules of all kinds, so that an HTTPRoute and an Ingress that share a host
 * do so by one law. https://gateway-api.sigs.k8s.io/reference/spec/#httprouterule
 */
import type { EdgeRule } from './edge-model.ts';

export interface OrderedRule {
  readonly rule: EdgeRule;
  /** When its object was made, RFC 3339. */
  readonly createdAt: string;
  /** `namespace/name` of it. */
  readonly key: string;
  /** Its place within the object. */
  readonly index: number;
  /** Stands behind all others: what an Ingress does with what none of its paths takes. */
  readonly isLast: boolean;
}

export function sortRules(rules: readonly OrderedRule[]): EdgeRule[] {
  return rules.toSorted(compare).map(({ rule }) => rule);
}

/** An exact path, then an expression, then the longest beginning. Where an expression stands is left to implementations. */
const kinds = { exact: 0, regex: 1, prefix: 2 } as const;

function compare(a: OrderedRule, b: OrderedRule): number {
  const [one, other] = [a.rule.match, b.rule.match];
  return (
    Number(a.isLast) - Number(b.isLast) ||
    kinds[one.path.kind] - kinds[other.path.kind] ||
    other.path.value.length - one.path.value.length ||
    Number(other.method !== '') - Number(one.method !== '') ||
    other.headers.length - one.headers.length ||
    other.query.length - one.query.length ||
    order(a.createdAt, b.createdAt) ||
    order(a.key, b.key) ||
    a.index - b.index
  );
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
