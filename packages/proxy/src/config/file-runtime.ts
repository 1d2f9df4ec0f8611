/** The runtime that a bootstrap asks for. Files of a disk layer are read once, at the start. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Problem } from '@sluice/kernel';
import type { LayeredRuntime } from '@sluice/resources';
import { flattenRuntime, Runtime, type RuntimeLayer, type RuntimeValue } from '../runtime/runtime.ts';

/** Files of one layer. Chosen: a runtime has tens of keys. */
const filesMax = 10_000;

export function createFileRuntime({ layers }: LayeredRuntime, serviceCluster: string): { readonly runtime: Runtime; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  let adminLayer: string | undefined;
  const made = layers.flatMap((layer, index): RuntimeLayer[] => {
    const path = `layered_runtime.layers[${index}]`;
    switch (layer.kind) {
      case 'static':
        return [{ name: layer.name, values: flattenRuntime(layer.values) }];
      case 'admin':
        adminLayer = layer.name;
        return [];
      case 'disk': {
        const folder = join(layer.root, layer.subdirectory, layer.appendsServiceCluster ? serviceCluster : '');
        return [{ name: layer.name, values: readTree(folder, `${path}.disk_layer`, problems) }];
      }
    }
  });
  return { runtime: new Runtime(made, adminLayer), problems };
}

/** A folder that is not there is an empty layer, as in Envoy: it may be made later. */
function readTree(root: string, path: string, problems: Problem[]): ReadonlyMap<string, RuntimeValue> {
  const values = new Map<string, RuntimeValue>();
  const visit = (folder: string, prefix: string): void => {
    for (const name of readdirSync(folder)) {
      const file = join(folder, name);
      const key = prefix === '' ? name : `${prefix}.${name}`;
      if (statSync(file).isDirectory()) visit(file, key);
      else if (values.size < filesMax) values.set(key, valueOf(readFileSync(file, 'utf8')));
    }
  };
  try {
    visit(root, '');
  } catch (reason) {
    problems.push({ path, message: `cannot be read: ${reason instanceof Error ? reason.message : String(reason)}`, severity: 'warning' });
  }
  return values;
}

/** Lines that begin with # are comments. */
function valueOf(text: string): RuntimeValue {
  const line = text.split('\n').find((one) => one.trim() !== '' && !one.startsWith('#')) ?? '';
  const number = Number(line);
  return line.trim() !== '' && Number.isFinite(number) ? number : line.trim();
}
