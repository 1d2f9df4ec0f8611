/** From the resources' `tracing` to what requests are traced by. */
import type { Span } from '@sluice/kernel';
import type { CustomTag, HttpConnectionManager, RouteTracing, TaggedMetadata } from '@sluice/resources';
import { valueAt } from '../struct-path.ts';
import { compileFormat, type TextFormat } from '../substitution/compile-format.ts';
import type { FormatSource, OperatorContext } from '../substitution/format-source.ts';
import { detectResource } from './resource-attributes.ts';
import { compileSampler } from './sampler.ts';
import type { RouteTracingConfig, SpanTag, TracingConfig } from './tracing-config.ts';

type Tell = (path: string, message: string) => void;

/** Undefined where nothing is to be traced: not asked for, or for a provider that we do not have. `tell` hears of formats that are wrong. */
export function compileTracing({ tracing, requestIds }: Pick<HttpConnectionManager, 'tracing' | 'requestIds'>, kind: Span['kind'], context: OperatorContext, tell: Tell): TracingConfig | undefined {
  if (!tracing || tracing.provider?.isKnown === false) return undefined;
  const { clientRatio, randomRatio, overallRatio, pathBytesMax, provider, customTags, operation } = tracing;
  const attributes = detectResource(provider?.detectors ?? [], context);
  const origin = { serviceName: provider?.serviceName ?? '', collector: provider?.collector ?? '', ...(attributes ? { attributes } : {}) };
  return {
    clientRatio, randomRatio, overallRatio, pathBytesMax, kind, origin,
    packsReason: requestIds.packsTraceReason,
    samplesById: requestIds.samplesById,
    ...(provider?.sampler ? { sampler: compileSampler(provider.sampler) } : {}),
    ...compileName(operation, context, tell),
    tags: compileTags(customTags, context, tell),
  };
}

export function compileRouteTracing({ clientRatio, randomRatio, overallRatio, customTags, operation }: RouteTracing, context: OperatorContext, tell: Tell): RouteTracingConfig {
  return { clientRatio, randomRatio, overallRatio, ...compileName(operation, context, tell), tags: compileTags(customTags, context, tell) };
}

function compileName(operation: string, context: OperatorContext, tell: Tell): { readonly nameOf?: TextFormat } {
  if (operation === '') return {};
  const compiled = compileFormat(operation, '-', context);
  if (compiled.ok) return { nameOf: compiled.format };
  tell('operation', compiled.message);
  return {};
}

/** In the order they are given. */
export function compileTags(tags: readonly CustomTag[], context: OperatorContext, tell: Tell): readonly SpanTag[] {
  return tags.map((tag, index) => ({
    name: tag.tag,
    isLate: tag.kind === 'metadata' || tag.kind === 'value',
    read: compileRead(tag, context, (path, message) => tell(`custom_tags[${index}].${path}`, message)),
  }));
}

function compileRead(tag: CustomTag, context: OperatorContext, tell: Tell): SpanTag['read'] {
  switch (tag.kind) {
    case 'literal':
      return () => tag.value;
    case 'environment': {
      const value = (context.variable(tag.name) ?? tag.defaultValue) || undefined;
      return () => value;
    }
    case 'request_header': {
      const name = tag.name.toLowerCase();
      return ({ request }) => request.get(name) ?? (tag.defaultValue || undefined);
    }
    case 'metadata': {
      const { key, path } = tag.key;
      const facts = metadataOf[tag.of];
      return (source) => textOf(valueAt(facts(source, key), path)) ?? (tag.defaultValue || undefined);
    }
    case 'value': {
      const compiled = compileFormat(tag.format, '', context);
      if (!compiled.ok) tell('value', compiled.message);
      return compiled.ok ? (source) => compiled.format(source) || undefined : () => undefined;
    }
  }
}

const metadataOf: Readonly<Record<TaggedMetadata, (source: FormatSource, namespace: string) => Parameters<typeof valueAt>[0]>> = {
  request: ({ info }, namespace) => info.dynamicMetadata?.get(namespace),
  route: ({ route }, namespace) => route?.metadata?.get(namespace),
  cluster: ({ info }, namespace) => info.clusterMetadata?.[namespace],
  host: ({ info }, namespace) => info.upstreamMetadata?.[namespace],
};

function textOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
