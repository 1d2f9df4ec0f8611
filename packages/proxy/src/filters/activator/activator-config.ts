/** Configuration of the activator filter, as it travels in a TypedStruct. It has no fields: what it needs it is given. */
import { problem, type Checked } from '@sluice/kernel';

export const activatorFilterName = 'sluice.filters.http.activator';
export const activatorFilterTypeUrl = 'type.googleapis.com/sluice.filters.http.activator.v1.Activator';

export interface ActivatorFilterConfig {
  readonly kind: 'activator';
}

export function decodeActivatorConfig(value: unknown, path: string): Checked<ActivatorFilterConfig> {
  const names = typeof value === 'object' && value !== null ? Object.keys(value) : [];
  if (names.length === 0) return { ok: true, value: { kind: 'activator' }, problems: [] };
  return { ok: false, problems: names.map((name) => problem(`${path}.${name}`, 'is not known: this filter has no settings')) };
}
