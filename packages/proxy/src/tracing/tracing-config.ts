/** What a connection manager with `tracing` runs on, and what a route says in its place. */
import type { Span, SpanOrigin } from '@sluice/kernel';
import type { SamplingRatios } from '@sluice/resources';
import type { TextFormat } from '../substitution/compile-format.ts';
import type { FormatSource } from '../substitution/format-source.ts';
import type { Sampler } from './sampler.ts';

export interface TracingConfig extends SamplingRatios {
  readonly pathBytesMax: number;
  readonly kind: Span['kind'];
  readonly origin: SpanOrigin;
  /** Decides in place of the shares. Absent: those do. */
  readonly sampler?: Sampler;
  /** Names spans, whatever routes call them. Absent: those do. */
  readonly nameOf?: TextFormat;
  /** Why a request is traced stands in its `x-request-id`, and is believed there. */
  readonly packsReason: boolean;
  /** `x-request-id` chooses what is sampled; else chance. */
  readonly samplesById: boolean;
  readonly tags: readonly SpanTag[];
}

export interface RouteTracingConfig extends SamplingRatios {
  /** Besides those of the connection manager, and in place of those of the same name. */
  readonly tags: readonly SpanTag[];
  readonly nameOf?: TextFormat;
}

export interface SpanTag {
  readonly name: string;
  /** Asked when the span ends, by what is known then; else when it begins, by the request as the client has sent it. */
  readonly isLate: boolean;
  /** Undefined: there is nothing to say. */
  readonly read: (source: FormatSource) => string | undefined;
}
