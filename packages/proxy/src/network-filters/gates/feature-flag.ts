/** `envoy.config.core.v3.RuntimeFeatureFlag`, of which only the default counts. */
import { MessageReader, type Scope } from '@sluice/resources';

/** Whether the feature is on. Default true where the field is absent. */
export function readFeatureFlag(json: unknown, scope: Scope): boolean | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const isOn = reader.boolean('default_value', false);
  reader.ignore(['runtime_key']);
  reader.done();
  return isOn;
}
