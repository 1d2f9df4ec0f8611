/** Where finished spans go. No library's type stands in it: whoever exports them translates. */

/**
 * One hop of a traced request, when it has ended. Plain data, so that it can be posted to another thread. The names of
 * attributes are OpenTelemetry's semantic conventions where there is one.
 */
export interface Span {
  /** 32 hexadecimal digits in lower case. */
  readonly traceId: string;
  /** 16 hexadecimal digits in lower case. */
  readonly spanId: string;
  /** Of the hop before; empty at the root of a trace. */
  readonly parentSpanId: string;
  /** `tracestate` as it came; empty for none. */
  readonly traceState: string;
  readonly name: string;
  /** `server` where a request comes in, `client` where our own side's requests go out, `internal` for a part of either. */
  readonly kind: 'server' | 'client' | 'internal';
  /** Wall times in ms since the epoch, with fractions. */
  readonly startWallTime: number;
  readonly endWallTime: number;
  readonly attributes: Readonly<Record<string, string | number>>;
  readonly status: 'unset' | 'error';
  readonly origin: SpanOrigin;
}

/** For whom a span speaks and who collects it; one object for all spans of a configuration. */
export interface SpanOrigin {
  /** Empty: the tracer's own. */
  readonly serviceName: string;
  /** URL of the collector of OTLP over HTTP. Empty: the tracer's own. */
  readonly collector: string;
  /** What else is known of whoever speaks, by OpenTelemetry's names for resources. Absent: nothing. */
  readonly attributes?: Readonly<Record<string, string>>;
}

export interface Tracer {
  /** Takes a span that has ended. Neither waits nor throws; what it cannot keep it drops and counts. */
  record(span: Span): void;
}
