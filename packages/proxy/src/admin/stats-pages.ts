/** `/stats` and `/stats/prometheus`. */
import type { MetricFamily } from '@sluice/kernel';
import { json, text, type AdminContext, type AdminPage, type AdminResponse } from './admin-page.ts';
import { prometheusContentType, prometheusText } from './prometheus-text.ts';
import { stateOf } from './server-pages.ts';
import { dottedName } from './stat-names.ts';

export const statsPage: AdminPage = {
  path: '/stats',
  help: 'all statistics (?usedonly, ?filter=text, ?format=json|prometheus)',
  mutates: false,
  answer(query, context) {
    const families = collect(context);
    if (query.get('format') === 'prometheus') return prometheus(families);
    const filter = query.get('filter') ?? '';
    const usedOnly = query.has('usedonly');
    const lines = families
      .flatMap(statLines)
      .filter(({ name, isUsed }) => name.includes(filter) && (isUsed || !usedOnly))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    if (query.get('format') === 'json') return json({ stats: lines.map(({ name, value }) => ({ name, value })) });
    return text(lines.map(({ name, value }) => `${name}: ${value}\n`).join(''));
  },
};

export const prometheusPage: AdminPage = {
  path: '/stats/prometheus',
  help: 'all statistics for Prometheus',
  mutates: false,
  answer: (_query, context) => prometheus(collect(context)),
};

interface StatLine {
  readonly name: string;
  readonly value: number | string;
  readonly isUsed: boolean;
}

function statLines(family: MetricFamily): StatLine[] {
  return family.samples.map((sample) => {
    const name = dottedName(family.name, sample.labels);
    if (family.type !== 'histogram') return { name, value: sample.value, isUsed: sample.value !== 0 };
    const count = sample.count ?? 0;
    return { name, value: count === 0 ? 'No recorded values' : `count=${count} sum=${sample.value}`, isUsed: count > 0 };
  });
}

function prometheus(families: readonly MetricFamily[]): AdminResponse {
  return { status: 200, contentType: prometheusContentType, body: prometheusText(families) };
}

/** What the meter holds, and what is known without one. */
function collect(context: AdminContext): readonly MetricFamily[] {
  const { clock, startedAt, meter } = context;
  return [
    gauge('envoy_server_live', '1 while the proxy serves', stateOf(context) === 'LIVE' ? 1 : 0),
    gauge('envoy_server_uptime', 'seconds since the start', Math.floor((clock.now() - startedAt) / 1000)),
    gauge('envoy_server_memory_heap_size', 'bytes of the heap', process.memoryUsage().heapTotal),
    gauge('envoy_server_memory_physical_size', 'resident bytes', process.memoryUsage.rss()),
    ...meter.collect(),
  ];
}

function gauge(name: string, help: string, value: number): MetricFamily {
  return { name, help, type: 'gauge', bounds: [], samples: [{ labels: {}, value }] };
}
