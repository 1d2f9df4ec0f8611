/** RequestHeaderModifier and ResponseHeaderModifier. Of two that name the same header the first counts. */
import type { HeaderModifier } from './api/gateway-api.ts';
import { noHeaderChanges, type HeaderChanges } from './edge-model.ts';

export function headerChanges(modifier: HeaderModifier | undefined): HeaderChanges {
  if (!modifier) return noHeaderChanges;
  return { set: pairs(modifier.set), add: pairs(modifier.add), remove: [...new Set(modifier.remove ?? [])] };
}

function pairs(list: HeaderModifier['set'] = []): (readonly [string, string])[] {
  return firstOfEachName(list).map(({ name, value }) => [name, value]);
}

/** Names of headers are the same in any case of letters. */
export function firstOfEachName<T extends { readonly name: string }>(list: readonly T[], isSameCase = false): T[] {
  const seen = new Set<string>();
  return list.filter(({ name }) => {
    const key = isSameCase ? name : name.toLowerCase();
    const isFirst = !seen.has(key);
    seen.add(key);
    return isFirst;
  });
}
