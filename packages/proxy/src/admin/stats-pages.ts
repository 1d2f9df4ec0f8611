/** `/stats` and `/stats/prometheus`. */
import type { MetricFamily, MetricSample } from '@sluice/kernel';
import { escapeHtml, json, text, type AdminContext, type AdminPage, type AdminResponse } from './admin-page.ts';
import { daysUntilFirstExpiry } from './certificate-pages.ts';
import { prometheusContentType, prometheusText } from './prometheus-text.ts';
import { stateNumberOf, stateOf } from './server-pages.ts';
import { bucketModes, bucketsOf, histogramText, quantileOf, quantiles, type BucketMode } from './stat-histograms.ts';
import { dottedName } from './stat-names.ts';

export const statsPage: AdminPage = {
  path: '/stats',
  help: 'all statistics (?usedonly, ?filter=regex, ?type=Counters|Gauges|Histograms|All, ?format=json|prometheus|html, ?histogram_buckets=)',
  mutates: false,
  answer(query, context) {
    const choice = choiceOf(query);
    if (typeof choice === 'string') return text(choice, 400);
    const families = collect(context);
    switch (query.get('format') ?? 'text') {
      case 'prometheus':
        return prometheus(families, choice);
      case 'json':
        return json(statsJson(families, choice));
      case 'html':
      case 'active-html':
        return { status: 200, contentType: 'text/html; charset=UTF-8', body: `<!doctype html><title>stats</title><pre>\n${escapeHtml(statsText(families, choice))}</pre>\n` };
      case 'text':
        return text(statsText(families, choice));
      default:
        return text('format must be text, json, prometheus or html', 400);
    }
  },
};

export const prometheusPage: AdminPage = {
  path: '/stats/prometheus',
  help: 'all statistics for Prometheus (?usedonly, ?filter=regex)',
  mutates: false,
  answer(query, context) {
    const choice = choiceOf(query);
    return typeof choice === 'string' ? text(choice, 400) : prometheus(collect(context), choice);
  },
};

/** What of all statistics is asked for. */
interface Choice {
  readonly accepts: (name: string) => boolean;
  readonly usedOnly: boolean;
  readonly types: ReadonlySet<MetricFamily['type']>;
  readonly buckets: BucketMode | undefined;
}

const typesByName: Readonly<Record<string, readonly MetricFamily['type'][]>> = {
  All: ['counter', 'gauge', 'histogram'],
  Counters: ['counter'],
  Gauges: ['gauge'],
  Histograms: ['histogram'],
  TextReadouts: [],
};

/** Or what is wrong with the question. */
function choiceOf(query: URLSearchParams): Choice | string {
  const types = typesByName[query.get('type') ?? 'All'];
  if (!types) return `type must be one of ${Object.keys(typesByName).join(', ')}`;
  const mode = query.get('histogram_buckets');
  const buckets = bucketModes.find((candidate) => candidate === mode);
  if (mode !== null && buckets === undefined) return `histogram_buckets must be one of ${bucketModes.join(', ')}`;
  const filter = query.get('filter') ?? '';
  try {
    // Filters come from operators of the proxy itself, so the engine's own regular expressions serve.
    const expression = new RegExp(filter, 'u');
    return { accepts: (name) => filter === '' || expression.test(name), usedOnly: query.has('usedonly'), types: new Set(types), buckets };
  } catch {
    return `filter ${JSON.stringify(filter)} is no regular expression`;
  }
}

interface StatLine {
  readonly name: string;
  readonly family: MetricFamily;
  readonly sample: MetricSample;
}

function chosenLines(families: readonly MetricFamily[], { accepts, usedOnly, types }: Choice): readonly StatLine[] {
  const lines = families
    .filter(({ type }) => types.has(type))
    .flatMap((family) => family.samples.filter((sample) => !usedOnly || isUsed(family, sample)).map((sample) => ({ name: dottedName(family.name, sample.labels), family, sample })));
  return lines.filter(({ name }) => accepts(name)).sort((a, b) => (a.name < b.name ? -1 : 1));
}

function isUsed({ type }: MetricFamily, { value, count = 0 }: MetricSample): boolean {
  return type === 'histogram' ? count > 0 : value !== 0;
}

function statsText(families: readonly MetricFamily[], choice: Choice): string {
  const valueOf = ({ family, sample }: StatLine) => (family.type === 'histogram' ? histogramText(family, sample, choice.buckets) : String(sample.value));
  return chosenLines(families, choice).map((line) => `${line.name}: ${valueOf(line)}\n`).join('');
}

function statsJson(families: readonly MetricFamily[], choice: Choice): unknown {
  const lines = chosenLines(families, choice);
  const stats: unknown[] = lines.filter(({ family }) => family.type !== 'histogram').map(({ name, sample }) => ({ name, value: sample.value }));
  const histograms = lines.filter(({ family }) => family.type === 'histogram');
  if (histograms.length > 0) stats.push({ histograms: histogramsJson(histograms, choice.buckets) });
  return { stats };
}

function histogramsJson(lines: readonly StatLine[], mode: BucketMode | undefined): unknown {
  if (mode === 'cumulative' || mode === 'disjoint' || mode === 'detailed') {
    const buckets = ({ family, sample }: StatLine) => bucketsOf(family, sample, mode === 'cumulative').map(([upper_bound, cumulative]) => ({ upper_bound, interval: null, cumulative }));
    return lines.map((line) => ({ name: line.name, buckets: buckets(line) }));
  }
  const values = ({ family, sample }: StatLine) => quantiles.map((percent) => ({ interval: null, cumulative: (sample.count ?? 0) === 0 ? null : quantileOf(family, sample, percent) }));
  return { supported_quantiles: quantiles, computed_quantiles: lines.map((line) => ({ name: line.name, values: values(line) })) };
}

function prometheus(families: readonly MetricFamily[], { accepts, usedOnly, types }: Choice): AdminResponse {
  const chosen = families
    .filter(({ name, type }) => types.has(type) && accepts(name))
    .map((family) => ({ ...family, samples: usedOnly ? family.samples.filter((sample) => isUsed(family, sample)) : family.samples }));
  return { status: 200, contentType: prometheusContentType, body: prometheusText(chosen) };
}

/** What the meter holds, and what is known without one. */
function collect(context: AdminContext): readonly MetricFamily[] {
  const families = collectAll(context);
  return context.filterStats?.(families) ?? families;
}

function collectAll(context: AdminContext): readonly MetricFamily[] {
  const { clock, startedAt, meter, store, proxy } = context;
  const { heapTotal, heapUsed, external, rss } = process.memoryUsage();
  const days = daysUntilFirstExpiry(store?.certificates() ?? [], clock);
  return [
    gauge('envoy_server_live', '1 while the proxy serves', stateOf(context) === 'LIVE' ? 1 : 0),
    ...(days === undefined ? [] : [gauge('envoy_server_days_until_first_cert_expiring', 'days until the first certificate in use expires', days)]),
    gauge('envoy_server_version', 'the version as one number: 1.2.3 is 1002003', versionNumberOf(context.version)),
    gauge('envoy_server_uptime', 'seconds since the start', Math.floor((clock.now() - startedAt) / 1000)),
    gauge('envoy_server_state', '0 live, 1 draining, 2 not started, 3 starting', stateNumberOf(context)),
    gauge('envoy_server_total_connections', 'open connections of clients', proxy.activeConnections),
    gauge('envoy_server_memory_allocated', 'bytes in use, in the heap and beside it', heapUsed + external),
    gauge('envoy_server_memory_heap_size', 'bytes of the heap', heapTotal),
    gauge('envoy_server_memory_physical_size', 'resident bytes', rss),
    gauge('envoy_server_hot_restart_epoch', 'always 0: processes do not take over from each other', 0),
    gauge('envoy_listener_manager_workers_started', '1 once connections are accepted', proxy.state === 'created' ? 0 : 1),
    gauge('envoy_listener_manager_total_listeners_warming', 'listeners that wait for what they need', store?.warmingListeners.length ?? 0),
    ...meter.collect(),
  ];
}

/** Three digits for each part but the first. What is no version is 0. */
function versionNumberOf(version: string): number {
  const [, major = 0, minor = 0, patch = 0] = /^(\d+)\.(\d{1,3})\.(\d{1,3})/.exec(version) ?? [];
  return Number(major) * 1_000_000 + Number(minor) * 1_000 + Number(patch);
}

function gauge(name: string, help: string, value: number): MetricFamily {
  return { name, help, type: 'gauge', bounds: [], samples: [{ labels: {}, value }] };
}
