/** `LayeredRuntime` of the bootstrap: where values come from that override the configuration's. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';
import { readStruct, type Struct } from './metadata.ts';

export interface LayeredRuntime {
  /** Later ones win. */
  readonly layers: readonly RuntimeLayerConfig[];
}

export type RuntimeLayerConfig =
  | { readonly kind: 'static'; readonly name: string; readonly values: Struct }
  /** A tree of files: their paths are the keys, their first lines the values. */
  | { readonly kind: 'disk'; readonly name: string; readonly root: string; readonly subdirectory: string; readonly appendsServiceCluster: boolean }
  /** What operators set while the proxy runs. It must be the last, here. */
  | { readonly kind: 'admin'; readonly name: string };

export const noRuntime: LayeredRuntime = { layers: [] };

export function readLayeredRuntime(json: unknown, scope: Scope): LayeredRuntime | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const layers = reader.list('layers', readLayer);
  reader.done();
  const names = new Set<string>();
  layers.forEach(({ name, kind }, index) => {
    const at = scope.at('layers').at(index);
    if (names.has(name)) at.at('name').error(`is ${JSON.stringify(name)}, which is taken already`);
    names.add(name);
    if (kind === 'admin' && index < layers.length - 1) at.error('is an admin layer, which must be the last');
  });
  return { layers };
}

function readLayer(json: unknown, scope: Scope): RuntimeLayerConfig | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const name = reader.requiredString('name');
  const kind = reader.oneof(['static_layer', 'disk_layer', 'admin_layer', 'rtds_layer'], true);
  const layer = readKind(kind, name, reader);
  reader.ignore(['rtds_layer']); // what a server would say there is said by the configuration itself
  reader.done();
  return layer;
}

function readKind(kind: string | undefined, name: string, reader: MessageReader): RuntimeLayerConfig | undefined {
  switch (kind) {
    case 'static_layer':
      return { kind: 'static', name, values: reader.read(kind, readStruct) ?? {} };
    case 'disk_layer':
      return reader.read(kind, (json, scope) => readDiskLayer(json, scope, name));
    case 'admin_layer':
      reader.read(kind, (json, scope) => MessageReader.open(json, scope)?.done());
      return { kind: 'admin', name };
    default:
      return undefined;
  }
}

function readDiskLayer(json: unknown, scope: Scope, name: string): RuntimeLayerConfig | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const layer: RuntimeLayerConfig = {
    kind: 'disk',
    name,
    root: reader.requiredString('symlink_root'),
    subdirectory: reader.string('subdirectory', ''),
    appendsServiceCluster: reader.boolean('append_service_cluster', false),
  };
  reader.done();
  return layer;
}
