/**
 * A recorded load: one JSON object a line, as an autoscaler with `--record-load` writes it, or as somebody writes it by hand.
 *
 *     {"at":0,"revision":"default/hello-00001","annotations":{"autoscaling.knative.dev/target":"5"},"containerConcurrency":10}
 *     {"at":0,"revision":"default/hello-00001","ready":1}
 *     {"at":0.4,"revision":"default/hello-00001","pod":"hello-00001-abc","concurrency":3.5,"requests":20}
 *
 * `at` is in seconds and never falls. Numbers that are left out are 0; requests are per second.
 */
import { problem, type Checked, type Problem } from '@sluice/kernel';
import type { Stat } from '@sluice/scaling';

export type RecordedEvent =
  | { readonly kind: 'revision'; readonly atMs: number; readonly revision: string; readonly annotations: Readonly<Record<string, string>>; readonly containerConcurrency: number }
  | { readonly kind: 'ready'; readonly atMs: number; readonly revision: string; readonly ready: number }
  | { readonly kind: 'stat'; readonly atMs: number; readonly revision: string; readonly stat: Stat };

/** Reads a whole recording; all bad lines are told, by number. */
export function parseRecording(text: string): Checked<readonly RecordedEvent[]> {
  const problems: Problem[] = [];
  const events: RecordedEvent[] = [];
  let lastMs = 0;
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const event = parseLine(line);
    if (typeof event === 'string') problems.push(problem(`line ${index + 1}`, event));
    else if (event.atMs < lastMs) problems.push(problem(`line ${index + 1}`, `is earlier than the line before: ${event.atMs / 1000} after ${lastMs / 1000}`));
    else {
      lastMs = event.atMs;
      events.push(event);
    }
  }
  return problems.length === 0 ? { ok: true, value: events, problems } : { ok: false, problems };
}

/** One event as a line, without its end. */
export function formatEvent(event: RecordedEvent): string {
  const base = { at: event.atMs / 1000, revision: event.revision };
  switch (event.kind) {
    case 'revision':
      return JSON.stringify({ ...base, annotations: event.annotations, containerConcurrency: event.containerConcurrency });
    case 'ready':
      return JSON.stringify({ ...base, ready: event.ready });
    case 'stat': {
      const { stat } = event;
      const numbers = {
        concurrency: stat.averageConcurrentRequests,
        proxiedConcurrency: stat.averageProxiedConcurrentRequests,
        requests: stat.requestCount,
        proxiedRequests: stat.proxiedRequestCount,
      };
      return JSON.stringify({ ...base, pod: stat.podName, ...Object.fromEntries(Object.entries(numbers).filter(([, value]) => value !== 0)) });
    }
  }
}

/** The event, or what is wrong with the line. */
function parseLine(line: string): RecordedEvent | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return 'is no JSON';
  }
  if (typeof value !== 'object' || value === null) return 'must be an object';
  const fields = value as Readonly<Record<string, unknown>>;
  const { at, revision, pod, ready, annotations, containerConcurrency } = fields;
  if (typeof at !== 'number' || at < 0) return '"at" must be seconds';
  if (typeof revision !== 'string' || !/^[^/]+\/[^/]+$/.test(revision)) return '"revision" must be "namespace/name"';
  const base = { atMs: at * 1000, revision };
  if (pod !== undefined) {
    if (typeof pod !== 'string') return '"pod" must be a name';
    const number = (name: string) => (fields[name] === undefined ? 0 : Number(fields[name]));
    const stat: Stat = {
      podName: pod,
      averageConcurrentRequests: number('concurrency'),
      averageProxiedConcurrentRequests: number('proxiedConcurrency'),
      requestCount: number('requests'),
      proxiedRequestCount: number('proxiedRequests'),
    };
    return Object.values(stat).includes(Number.NaN) ? 'has a load that is no number' : { kind: 'stat', ...base, stat };
  }
  if (ready !== undefined) return Number.isInteger(ready) && Number(ready) >= 0 ? { kind: 'ready', ...base, ready: Number(ready) } : '"ready" must be a number of pods';
  if (annotations === undefined && containerConcurrency === undefined) return 'says neither "pod" nor "ready" nor "annotations"';
  if (annotations !== undefined && (typeof annotations !== 'object' || annotations === null)) return '"annotations" must be an object';
  const texts = Object.fromEntries(Object.entries(annotations ?? {}).map(([name, text]) => [name, String(text)]));
  return { kind: 'revision', ...base, annotations: texts, containerConcurrency: Number(containerConcurrency ?? 0) };
}
