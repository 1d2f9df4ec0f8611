/** A proxy's configuration as its admin server tells it (`/config_dump?include_eds`), by kind. Envoy's dumps read the same. */
import { isObject, objectAt, objectsAt, textAt, type Json } from '../json-reading.ts';

/** A resource as it is in force, or an update of it that was refused. */
export interface DumpedResource {
  readonly name: string;
  /** Absent for one that was refused and has no version that holds. */
  readonly value: Json | undefined;
  readonly version: string;
  readonly updated: string;
  /** `static` came with the bootstrap; `warming` waits for something that it needs. */
  readonly state: 'active' | 'warming' | 'draining' | 'static' | 'refused';
  /** Why the newest version was refused. */
  readonly refusal: string;
}

export interface ProxyDump {
  readonly listeners: readonly DumpedResource[];
  readonly routes: readonly DumpedResource[];
  readonly clusters: readonly DumpedResource[];
  readonly endpoints: readonly DumpedResource[];
}

/** Undefined when it is no such dump. */
export function readDump(json: unknown): ProxyDump | undefined {
  if (!isObject(json) || !Array.isArray(json['configs'])) return undefined;
  const sections = objectsAt(json, 'configs');
  const entries = (section: string, list: string) =>
    sections.filter((one) => textAt(one, '@type').endsWith(`.${section}`)).flatMap((one) => objectsAt(one, list));
  return {
    listeners: [
      ...entries('ListenersConfigDump', 'static_listeners').map((one) => resource(one, 'listener', 'static')),
      ...entries('ListenersConfigDump', 'dynamic_listeners').flatMap(dynamicListener),
    ],
    routes: [
      ...entries('RoutesConfigDump', 'static_route_configs').map((one) => resource(one, 'route_config', 'static')),
      ...entries('RoutesConfigDump', 'dynamic_route_configs').map((one) => resource(one, 'route_config', 'active')),
    ],
    clusters: [
      ...entries('ClustersConfigDump', 'static_clusters').map((one) => resource(one, 'cluster', 'static')),
      ...entries('ClustersConfigDump', 'dynamic_active_clusters').map((one) => resource(one, 'cluster', 'active')),
      ...entries('ClustersConfigDump', 'dynamic_warming_clusters').map((one) => resource(one, 'cluster', 'warming')),
    ],
    endpoints: [
      ...entries('EndpointsConfigDump', 'static_endpoint_configs').map((one) => resource(one, 'endpoint_config', 'static')),
      ...entries('EndpointsConfigDump', 'dynamic_endpoint_configs').map((one) => resource(one, 'endpoint_config', 'active')),
    ],
  };
}

/** One listener may be there twice: the one in force, and its next version as long as that warms. */
function dynamicListener(entry: Json): readonly DumpedResource[] {
  const states = (['active', 'warming', 'draining'] as const).filter((state) => isObject(entry[`${state}_state`]));
  const name = textAt(entry, 'name');
  if (states.length === 0) return [{ ...resource(entry, 'listener', 'refused'), name }];
  return states.map((state) => {
    const found = resource({ ...objectAt(entry, `${state}_state`), error_state: entry['error_state'] }, 'listener', state);
    return { ...found, name: found.name || name };
  });
}

function resource(entry: Json, key: string, state: DumpedResource['state']): DumpedResource {
  const value = isObject(entry[key]) ? entry[key] : undefined;
  const error = objectAt(entry, 'error_state');
  const details = textAt(error, 'details');
  return {
    name: textAt(value, 'name') || textAt(value, 'cluster_name') || textAt(entry, 'name') || details.split(': ')[0] || '',
    value,
    version: textAt(entry, 'version_info') || textAt(error, 'version_info'),
    updated: textAt(entry, 'last_updated') || textAt(error, 'last_update_attempt'),
    state: value === undefined ? 'refused' : state,
    refusal: details,
  };
}
