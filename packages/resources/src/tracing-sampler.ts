/** `OpenTelemetryConfig.sampler`: who decides about spans in place of the connection manager's shares. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';
import { openTypedConfig } from './decode/typed-config.ts';
import { readFractionalPercent } from './percent.ts';

export type TracingSampler =
  | { readonly kind: 'always' }
  /** By the trace's identifier, so that all hops of a trace decide alike. */
  | { readonly kind: 'trace-id-ratio'; readonly ratio: number }
  /** As the caller has decided; `root` where there is none. */
  | { readonly kind: 'parent-based'; readonly root: TracingSampler };

const prefix = 'envoy.extensions.tracers.opentelemetry.samplers.v3.';
const typeNames = {
  always: `${prefix}AlwaysOnSamplerConfig`,
  ratio: `${prefix}TraceIdRatioBasedSamplerConfig`,
  parent: `${prefix}ParentBasedSamplerConfig`,
} as const;

export function readTracingSampler(json: unknown, scope: Scope): TracingSampler | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  reader.requiredString('name');
  const sampler = reader.required('typed_config', readTyped);
  reader.done();
  return sampler;
}

function readTyped(json: unknown, scope: Scope): TracingSampler | undefined {
  const typed = openTypedConfig(json, scope);
  const reader = typed && MessageReader.open(typed.json, typed.scope);
  if (!reader) return undefined;
  switch (typed.typeName) {
    case typeNames.always:
      reader.done();
      return { kind: 'always' };
    case typeNames.ratio: {
      const ratio = reader.read('sampling_percentage', readFractionalPercent) ?? 0;
      reader.done();
      return { kind: 'trace-id-ratio', ratio };
    }
    case typeNames.parent: {
      const root = reader.required('wrapped_sampler', readTracingSampler);
      reader.done();
      return root && { kind: 'parent-based', root };
    }
    default:
      scope.at('@type').error(`is ${typed.typeName}, must be one of ${Object.values(typeNames).join(', ')}`);
      return undefined;
  }
}
