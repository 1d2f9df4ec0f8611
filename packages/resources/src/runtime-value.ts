/** Values that Envoy's runtime may override. There is no runtime here: defaults count, keys are named in a warning. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';

/** `RuntimeDouble`: its default value. */
export function readRuntimeDouble(json: unknown, scope: Scope): number | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const value = reader.number('default_value', 0);
  reader.ignore(['runtime_key']);
  reader.done();
  return value;
}
