/** `/runtime`: values that override the configuration's, layer by layer; and how operators set them. */
import { json, text, type AdminPage } from './admin-page.ts';

export const runtimePages: readonly AdminPage[] = [
  {
    path: '/runtime',
    help: 'values of the runtime, by layer',
    mutates: false,
    answer(_query, { runtime }) {
      const entries = [...(runtime?.entries() ?? [])].map(([key, { layerValues, finalValue }]) => [key, { layer_values: layerValues, final_value: finalValue }]);
      return json({ layers: runtime?.layerNames ?? [], entries: Object.fromEntries(entries) as Readonly<Record<string, unknown>> });
    },
  },
  {
    path: '/runtime_modify',
    help: 'set values of the runtime (?key=value; an empty value takes back what was set)',
    mutates: true,
    answer(query, { runtime }) {
      const changes = new Map(query);
      if (changes.size === 0) return text('usage: /runtime_modify?key1=value1&key2=value2', 400);
      if (!runtime?.allowsOverrides) return text('the bootstrap has no admin_layer in layered_runtime, so nothing can be set', 503);
      runtime.override(changes);
      return text('OK');
    },
  },
];
