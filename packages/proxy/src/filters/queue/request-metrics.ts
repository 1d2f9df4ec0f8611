/**
 * Metrics of requests under the names that Knative's dashboards ask for: those of today, which are OpenTelemetry's, those
 * up to 1.18, or both. What a request costs is a few additions: the counters of each kind of answer are looked up by
 * numbers, and made when the first of its kind ends.
 *
 * | today | up to 1.18 | measures |
 * | --- | --- | --- |
 * | `kn_serving_invocation_duration_seconds` | `revision_app_request_latencies`, `_count` | from being let in to the end |
 * | `http_server_request_duration_seconds` | `revision_request_latencies`, `_count` | from the first byte to the end |
 * | `http_server_request_body_size_bytes`, `http_server_response_body_size_bytes` | | bodies, without framing |
 * | `http_client_request_duration_seconds` | | from being passed on to the end, by whom it was passed on to |
 */
import type { Counter, Histogram, LabelValues, Meter } from '@sluice/kernel';
import type { Stream } from '../../stream.ts';
import { olderRouteTagWords, routeTagOf, routeTagWords } from './route-tag.ts';

export type MetricNames = 'newest' | 'older' | 'both';

export interface RequestMetricsOptions {
  readonly meter: Meter;
  readonly names: MetricNames;
  /** Besides those of the request, where one process speaks for several. */
  readonly labels?: LabelValues;
  /** Whom requests are passed on to (`server_address`, `server_port`), as far as these are few. */
  readonly client: LabelValues;
  /** Whether it is the program itself that they are passed on to. */
  readonly isProgram: boolean;
  /** Begins the older names: `revision` in a sidecar, `activator` there. */
  readonly olderPrefix: string;
  /** Of the older names, which say on each line whose it is. */
  readonly olderLabels: LabelValues;
}

/** Knative's bounds, in seconds. */
export const durationBounds: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** OpenTelemetry's default bounds, which Knative keeps for sizes. */
const sizeBounds: readonly number[] = [0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10_000];

/** Knative's bounds up to 1.18, in milliseconds. */
const latencyBounds: readonly number[] = [5, 10, 20, 40, 60, 80, 100, 150, 200, 250, 300, 350, 400, 450, 500, 600, 700, 800, 900, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000];

/** Tags are clients' to invent, and each costs a page of metrics: beyond these all are as if not known. Chosen. */
const TAGS_MAX = 64;

/** Adds up one answer of a kind. Times in milliseconds. */
type Record = (totalMs: number, runMs: number | undefined, received: number, sent: number) => void;

export class RequestMetrics {
  readonly #options: RequestMetricsOptions;
  /** By tag as today's metrics call it, then by a number for all else. */
  readonly #records = new Map<string, Map<number, Record>>();

  constructor(options: RequestMetricsOptions) {
    this.#options = options;
  }

  /** @param letInAt when it had been let in and was passed on; 0 when it never was */
  onEnd({ request, info }: Stream, letInAt: number): void {
    const endAt = info.endAt;
    const tag = this.#boundTag(routeTagOf(request, routeTagWords));
    let records = this.#records.get(tag);
    if (!records) this.#records.set(tag, (records = new Map()));
    const isHttp2 = info.protocol === 'HTTP/2';
    const isHttps = info.scheme === 'https';
    const hasFailed = info.upstreamFailure !== '';
    const key = (((info.status * 16 + methodNumber(request.method)) * 2 + (isHttp2 ? 1 : 0)) * 2 + (isHttps ? 1 : 0)) * 2 + (hasFailed ? 1 : 0);
    let record = records.get(key);
    if (!record) {
      record = this.#createRecord({ status: info.status, method: methodName(request.method), isHttp2, isHttps, hasFailed, tag });
      records.set(key, record);
    }
    record(endAt - info.startAt, letInAt > 0 ? endAt - letInAt : undefined, info.bytesReceived, info.bytesSent);
  }

  #boundTag(tag: string): string {
    return this.#records.size < TAGS_MAX || this.#records.has(tag) ? tag : routeTagWords.isUndefined;
  }

  #createRecord(kind: AnswerKind): Record {
    const { names } = this.#options;
    if (names === 'both') {
      const records = [this.#createNewest(kind), this.#createOlder(kind)];
      return (...figures) => {
        for (const record of records) record(...figures);
      };
    }
    return names === 'newest' ? this.#createNewest(kind) : this.#createOlder(kind);
  }

  #createNewest({ status, method, isHttp2, isHttps, hasFailed, tag }: AnswerKind): Record {
    const { meter, labels: own, client, isProgram } = this.#options;
    const answered: LabelValues = status === 0 ? {} : { http_response_status_code: String(status) };
    const labels: LabelValues = {
      ...own,
      ...answered,
      http_request_method: method,
      kn_route_tag: tag,
      network_protocol_name: 'http',
      network_protocol_version: isHttp2 ? '2' : '1.1',
      url_scheme: isHttps ? 'https' : 'http',
    };
    const total = meter.histogram('http_server_request_duration_seconds', 'Duration of HTTP server requests.', durationBounds, labels);
    const requestBytes = meter.histogram('http_server_request_body_size_bytes', 'Size of HTTP server request bodies.', sizeBounds, labels);
    const responseBytes = meter.histogram('http_server_response_body_size_bytes', 'Size of HTTP server response bodies.', sizeBounds, labels);
    // Who could not be spoken with has said nothing, whatever was answered in its place.
    const heard: LabelValues = hasFailed || status === 0 ? { error_type: '_OTHER' } : answered;
    let call: Histogram | undefined;
    let run: Histogram | undefined;
    return (totalMs, runMs, received, sent) => {
      total.observe(totalMs / 1000);
      requestBytes.observe(received);
      responseBytes.observe(sent);
      if (runMs === undefined) return;
      call ??= meter.histogram('http_client_request_duration_seconds', 'Duration of HTTP client requests.', durationBounds, { ...own, ...client, ...heard, http_request_method: method, url_scheme: 'http' });
      call.observe(runMs / 1000);
      if (!isProgram) return;
      run ??= meter.histogram('kn_serving_invocation_duration_seconds', 'The duration of task execution.', durationBounds, answered);
      run.observe(runMs / 1000);
    };
  }

  #createOlder({ status, tag }: AnswerKind): Record {
    const { meter, olderLabels, olderPrefix, isProgram } = this.#options;
    const app: LabelValues = { ...olderLabels, response_code: String(status), response_code_class: `${Math.floor(status / 100)}xx` };
    const labels: LabelValues = { ...app, route_tag: olderTag(tag) };
    const total = createOlderPair(meter, `${olderPrefix}_request`, labels);
    let run: OlderPair | undefined;
    return (totalMs, runMs) => {
      total.count.add();
      total.latencies.observe(totalMs);
      if (runMs === undefined || !isProgram) return;
      run ??= createOlderPair(meter, `${olderPrefix}_app_request`, app);
      run.count.add();
      run.latencies.observe(runMs);
    };
  }
}

/** All that labels tell apart. */
interface AnswerKind {
  /** 0 when nothing was answered. */
  readonly status: number;
  readonly method: string;
  readonly isHttp2: boolean;
  readonly isHttps: boolean;
  /** Whoever it was passed on to could not be spoken with. */
  readonly hasFailed: boolean;
  readonly tag: string;
}

interface OlderPair {
  readonly count: Counter;
  readonly latencies: Histogram;
}

function createOlderPair(meter: Meter, name: string, labels: LabelValues): OlderPair {
  return {
    count: meter.counter(`${name}_count`, 'The number of requests that are routed to queue-proxy', labels),
    latencies: meter.histogram(`${name}_latencies`, 'The response time in millisecond', latencyBounds, labels),
  };
}

function olderTag(tag: string): string {
  if (tag === routeTagWords.byDefault) return olderRouteTagWords.byDefault;
  if (tag === routeTagWords.isUndefined) return olderRouteTagWords.isUndefined;
  return tag === routeTagWords.isDisabled ? olderRouteTagWords.isDisabled : tag;
}

const methods: readonly string[] = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'];

/** 15 for all that have none: as OpenTelemetry has it, what methods there are is not for clients to say. */
function methodNumber(method: string): number {
  const index = methods.indexOf(method);
  return index < 0 ? 15 : index;
}

function methodName(method: string): string {
  return methodNumber(method) === 15 ? '_OTHER' : method;
}
