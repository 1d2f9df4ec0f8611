/** Names of hosts with a star for their first labels, as Gateway API has them: `*.example.com` is for any name that ends so. */

/** Whether every name of `inner` is one of `outer`. `*` and the empty name stand for all. */
export function covers(outer: string, inner: string): boolean {
  if (outer === '' || outer === '*' || outer === inner) return true;
  if (!outer.startsWith('*.')) return false;
  const suffix = outer.slice(1);
  const name = inner.startsWith('*') ? inner.slice(1) : inner;
  return name.endsWith(suffix) && (inner.startsWith('*') || name.length > suffix.length);
}

/** The names that both are for; undefined when there are none. */
export function intersect(a: string, b: string): string | undefined {
  if (covers(a, b)) return b === '' ? '*' : b;
  return covers(b, a) ? a : undefined;
}

/** Which of two that cover a name is nearer to it: the greater. */
export function specificity(name: string): number {
  if (name === '' || name === '*') return 0;
  return name.startsWith('*') ? name.length : 1_000 + name.length;
}

/** Whether it can be asked for: labels of DNS, a star in front at most. */
export function isHostname(name: string): boolean {
  return name.length <= 253 && /^(?:\*\.)?[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/.test(name);
}
