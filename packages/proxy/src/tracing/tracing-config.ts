/** What a connection manager with `tracing` runs on, and what a route says in its place. */
import type { RequestHead } from '@sluice/http';
import type { Span, SpanOrigin } from '@sluice/kernel';
import type { SamplingRatios } from '@sluice/resources';

export interface TracingConfig extends SamplingRatios {
  readonly pathBytesMax: number;
  readonly kind: Span['kind'];
  readonly origin: SpanOrigin;
  readonly tags: readonly SpanTag[];
}

export interface RouteTracingConfig extends SamplingRatios {
  /** Besides those of the connection manager, and in place of those of the same name. */
  readonly tags: readonly SpanTag[];
}

export interface SpanTag {
  readonly name: string;
  /** Undefined: there is nothing to say. */
  readonly read: (request: RequestHead) => string | undefined;
}
