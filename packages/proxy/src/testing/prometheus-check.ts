/** Whether a page is what Prometheus reads, text format 0.0.4: each fault in words, none when it is. */

interface Family {
  readonly type: string;
  readonly samples: { readonly name: string; readonly labels: ReadonlyMap<string, string>; readonly value: number }[];
}

const sampleForm = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const labelForm = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/;

export function prometheusFaults(page: string): readonly string[] {
  const faults: string[] = [];
  if (!page.endsWith('\n')) faults.push('the last line does not end');
  const families = new Map<string, Family>();
  const described = new Set<string>();
  const seen = new Set<string>();
  let current = '';
  for (const line of page.split('\n').filter((text) => text !== '')) {
    const [, word, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) ?(.*)$/.exec(line) ?? [];
    if (word === 'HELP') {
      if (described.has(name)) faults.push(`HELP twice: ${name}`);
      described.add(name);
    } else if (word === 'TYPE') {
      if (families.has(name)) faults.push(`TYPE twice: ${name}`);
      if (!['counter', 'gauge', 'histogram'].includes(rest)) faults.push(`no type: ${line}`);
      if (!described.has(name)) faults.push(`no HELP: ${name}`);
      families.set(name, { type: rest, samples: [] });
      current = name;
    } else readSample(line, current, families.get(current), seen, faults);
  }
  for (const [name, family] of families) if (family.type === 'histogram') checkHistograms(name, family, faults);
  return faults;
}

function readSample(line: string, current: string, family: Family | undefined, seen: Set<string>, faults: string[]): void {
  const [, name, labelText = '', value = ''] = sampleForm.exec(line) ?? [];
  if (name === undefined) return void faults.push(`no sample: ${line}`);
  const labels = labelsOf(labelText);
  if (!labels) return void faults.push(`bad labels: ${line}`);
  const number = value === '+Inf' ? Number.POSITIVE_INFINITY : Number(value);
  if (Number.isNaN(number) && value !== 'NaN') faults.push(`no number: ${line}`);
  const suffix = name.startsWith(current) ? name.slice(current.length) : undefined;
  const allowed = family?.type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
  if (!family || suffix === undefined || !allowed.includes(suffix)) return void faults.push(`not of the family before it: ${line}`);
  const key = `${name}{${[...labels].map(([label, text]) => `${label}=${text}`).sort().join('\n')}}`;
  if (seen.has(key)) faults.push(`twice: ${line}`);
  seen.add(key);
  if (family.type !== 'gauge' && !(number >= 0)) faults.push(`below zero: ${line}`);
  family.samples.push({ name: suffix, labels, value: number });
}

/** Undefined when they are not written as labels are. */
function labelsOf(text: string): ReadonlyMap<string, string> | undefined {
  const labels = new Map<string, string>();
  for (let rest = text; rest !== ''; ) {
    const found = labelForm.exec(rest);
    if (!found || labels.has(found[1] as string)) return undefined;
    labels.set(found[1] as string, found[2] as string);
    rest = rest.slice(found[0].length);
  }
  return labels;
}

function checkHistograms(name: string, { samples }: Family, faults: string[]): void {
  const keyOf = (labels: ReadonlyMap<string, string>) => [...labels].filter(([label]) => label !== 'le').map((pair) => pair.join('=')).sort().join(',');
  for (const key of new Set(samples.map(({ labels }) => keyOf(labels)))) {
    const own = samples.filter(({ labels }) => keyOf(labels) === key);
    const buckets = own.filter((sample) => sample.name === '_bucket');
    const bounds = buckets.map(({ labels }) => Number((labels.get('le') ?? 'none').replace('+Inf', 'Infinity')));
    const count = own.find((sample) => sample.name === '_count')?.value;
    const rises = (values: readonly number[], isStrict: boolean) => values.every((value, index) => index === 0 || (isStrict ? value > (values[index - 1] as number) : value >= (values[index - 1] as number)));
    if (!rises(bounds, true) || bounds.at(-1) !== Number.POSITIVE_INFINITY) faults.push(`bounds do not rise to +Inf: ${name} ${key}`);
    if (!rises(buckets.map(({ value }) => value), false)) faults.push(`buckets are not cumulative: ${name} ${key}`);
    if (count === undefined || buckets.at(-1)?.value !== count) faults.push(`_count is not the last bucket: ${name} ${key}`);
    if (!own.some((sample) => sample.name === '_sum')) faults.push(`no _sum: ${name} ${key}`);
  }
}
