/** `envoy.config.core.v3.Locality`: where something runs. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';

export interface Locality {
  readonly region: string;
  readonly zone: string;
  readonly subZone: string;
}

export function readLocality(json: unknown, scope: Scope): Locality | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const locality: Locality = {
    region: reader.string('region', ''),
    zone: reader.string('zone', ''),
    subZone: reader.string('sub_zone', ''),
  };
  reader.done();
  return locality;
}
