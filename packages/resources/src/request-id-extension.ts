/** `RequestIDExtension` of the connection manager: UUIDs in `x-request-id`, the one kind there is. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';
import { openTypedConfig } from './decode/typed-config.ts';

export interface RequestIdSettings {
  /** Writes into the identifier why a request is traced, and reads it there. Default true, as Envoy. */
  readonly packsTraceReason: boolean;
  /** The identifier decides which requests are sampled, so that all hops choose the same ones. Default true, as Envoy. */
  readonly samplesById: boolean;
}

export const defaultRequestIdSettings: RequestIdSettings = { packsTraceReason: true, samplesById: true };

const uuidTypeName = 'envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig';

export function readRequestIdExtension(json: unknown, scope: Scope): RequestIdSettings | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const settings = reader.required('typed_config', readTyped);
  reader.done();
  return settings;
}

function readTyped(json: unknown, scope: Scope): RequestIdSettings | undefined {
  const typed = openTypedConfig(json, scope);
  if (!typed) return undefined;
  if (typed.typeName !== uuidTypeName) {
    scope.at('@type').error(`is ${typed.typeName}, must be ${uuidTypeName}`);
    return undefined;
  }
  const reader = MessageReader.open(typed.json, typed.scope);
  if (!reader) return undefined;
  const settings = {
    packsTraceReason: reader.boolean('pack_trace_reason', true),
    samplesById: reader.boolean('use_request_id_for_trace_sampling', true),
  };
  reader.done();
  return settings;
}
