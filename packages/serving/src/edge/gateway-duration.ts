/** Times as Gateway API writes them: up to four parts such as `1h30m`, each a whole number. https://gateway-api.sigs.k8s.io/geps/gep-2257/ */
const unitsMs: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };

/** In ms; undefined for what is no such time. */
export function parseGatewayDuration(text: string): number | undefined {
  if (!/^(?:\d{1,5}(?:h|ms|m|s)){1,4}$/.test(text)) return undefined;
  let total = 0;
  for (const [, count = '', unit = ''] of text.matchAll(/(\d+)(h|ms|m|s)/g)) total += Number(count) * (unitsMs[unit] ?? 0);
  return total;
}
