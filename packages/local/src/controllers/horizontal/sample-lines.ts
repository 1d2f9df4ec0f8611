/** Prometheus' text format, as far as one number is wanted of it. https://prometheus.io/docs/instrumenting/exposition_formats/ */

/** All samples of a name, whatever their labels, taken together; undefined when there is none. */
export function sumOfSamples(page: string, name: string): number | undefined {
  let total: number | undefined;
  for (const line of page.split('\n')) {
    if (!line.startsWith(name)) continue;
    const rest = line.slice(name.length);
    if (!rest.startsWith('{') && !rest.startsWith(' ')) continue;
    const [value = ''] = rest.slice(rest.startsWith('{') ? rest.lastIndexOf('}') + 1 : 0).trim().split(/\s+/);
    const number = Number(value);
    if (value !== '' && Number.isFinite(number)) total = (total ?? 0) + number;
  }
  return total;
}
