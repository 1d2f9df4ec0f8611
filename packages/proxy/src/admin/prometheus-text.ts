/**
 * Metrics as Prometheus reads them, text format 0.0.4.
 * https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 */
import type { LabelValues, MetricFamily, MetricSample } from '@sluice/kernel';

export const prometheusContentType = 'text/plain; version=0.0.4; charset=utf-8';

export function prometheusText(families: readonly MetricFamily[]): string {
  let page = '';
  for (const family of families) {
    if (family.samples.length === 0) continue;
    page += `# HELP ${family.name} ${escapeHelp(family.help)}\n# TYPE ${family.name} ${family.type}\n`;
    for (const sample of family.samples) page += sampleLines(family, sample);
  }
  return page;
}

function sampleLines(family: MetricFamily, sample: MetricSample): string {
  if (family.type !== 'histogram') return `${family.name}${labelText(sample.labels)} ${numberText(sample.value)}\n`;
  let lines = '';
  let cumulative = 0;
  family.bounds.forEach((bound, index) => {
    cumulative += sample.buckets?.[index] ?? 0;
    lines += `${family.name}_bucket${labelText(sample.labels, numberText(bound))} ${cumulative}\n`;
  });
  const count = sample.count ?? 0;
  lines += `${family.name}_bucket${labelText(sample.labels, '+Inf')} ${count}\n`;
  lines += `${family.name}_sum${labelText(sample.labels)} ${numberText(sample.value)}\n`;
  return `${lines}${family.name}_count${labelText(sample.labels)} ${count}\n`;
}

function labelText(labels: LabelValues, bound?: string): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  if (bound !== undefined) pairs.push(`le="${bound}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
}

function escapeLabel(value: string): string {
  return value.replace(/[\\"\n]/g, (found) => (found === '\n' ? '\\n' : `\\${found}`));
}

function escapeHelp(help: string): string {
  return help.replace(/[\\\n]/g, (found) => (found === '\n' ? '\\n' : '\\\\'));
}
