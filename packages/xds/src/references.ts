/**
 * What resources point to: the client subscribes to what the resources it holds name. Reads canonical JSON with a light
 * hand: what is malformed names nothing, and is somebody else's to refuse.
 */
import { isJsonObject, type JsonObject } from './codec/json.ts';

/** The name under which a cluster's endpoints are asked for; absent when they do not come by discovery. */
export function endpointNameOf(cluster: JsonObject): string | undefined {
  if (cluster['type'] !== 'EDS') return undefined;
  const config = cluster['eds_cluster_config'];
  const serviceName = isJsonObject(config) ? config['service_name'] : undefined;
  if (typeof serviceName === 'string' && serviceName !== '') return serviceName;
  return typeof cluster['name'] === 'string' ? cluster['name'] : undefined;
}
