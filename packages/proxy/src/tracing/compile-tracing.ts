/** From the resources' `tracing` to what requests are traced by. */
import type { Span } from '@sluice/kernel';
import type { CustomTag, RouteTracing, Tracing } from '@sluice/resources';
import type { OperatorContext } from '../substitution/format-source.ts';
import type { RouteTracingConfig, SpanTag, TracingConfig } from './tracing-config.ts';

/** Undefined where nothing is to be traced: not asked for, or for a provider that we do not have. */
export function compileTracing(tracing: Tracing | undefined, kind: Span['kind'], context: OperatorContext): TracingConfig | undefined {
  if (!tracing || tracing.provider?.isKnown === false) return undefined;
  const { clientRatio, randomRatio, overallRatio, pathBytesMax, provider, customTags } = tracing;
  const origin = { serviceName: provider?.serviceName ?? '', collector: provider?.collector ?? '' };
  return { clientRatio, randomRatio, overallRatio, pathBytesMax, kind, origin, tags: compileTags(customTags, context) };
}

export function compileRouteTracing({ clientRatio, randomRatio, overallRatio, customTags }: RouteTracing, context: OperatorContext): RouteTracingConfig {
  return { clientRatio, randomRatio, overallRatio, tags: compileTags(customTags, context) };
}

function compileTags(tags: readonly CustomTag[], context: OperatorContext): readonly SpanTag[] {
  return tags.map((tag) => ({ name: tag.tag, read: compileRead(tag, context) }));
}

function compileRead(tag: CustomTag, context: OperatorContext): SpanTag['read'] {
  switch (tag.kind) {
    case 'literal':
      return () => tag.value;
    case 'environment': {
      const value = (context.variable(tag.name) ?? tag.defaultValue) || undefined;
      return () => value;
    }
    case 'request_header': {
      const name = tag.name.toLowerCase();
      return (request) => request.get(name) ?? (tag.defaultValue || undefined);
    }
  }
}
