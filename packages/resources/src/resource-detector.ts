/** `OpenTelemetryConfig.resource_detectors`: what spans say of the process that made them. */
import { decodeString } from './decode/scalars.ts';
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';
import { openTypedConfig } from './decode/typed-config.ts';

export type ResourceDetector =
  /** `OTEL_RESOURCE_ATTRIBUTES` of the environment. */
  | { readonly kind: 'environment' }
  | { readonly kind: 'static'; readonly attributes: ReadonlyMap<string, string> };

const prefix = 'envoy.extensions.tracers.opentelemetry.resource_detectors.v3.';
const typeNames = { environment: `${prefix}EnvironmentResourceDetectorConfig`, static: `${prefix}StaticConfigResourceDetectorConfig` } as const;

export function readResourceDetector(json: unknown, scope: Scope): ResourceDetector | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  reader.requiredString('name');
  const detector = reader.required('typed_config', readTyped);
  reader.done();
  return detector;
}

function readTyped(json: unknown, scope: Scope): ResourceDetector | undefined {
  const typed = openTypedConfig(json, scope);
  const reader = typed && MessageReader.open(typed.json, typed.scope);
  if (!reader) return undefined;
  switch (typed.typeName) {
    case typeNames.environment:
      reader.done();
      return { kind: 'environment' };
    case typeNames.static: {
      const attributes = reader.map('attributes', decodeString);
      reader.done();
      return { kind: 'static', attributes };
    }
    default:
      scope.at('@type').error(`is ${typed.typeName}, must be one of ${Object.values(typeNames).join(', ')}`);
      return undefined;
  }
}
