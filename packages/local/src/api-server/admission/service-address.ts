/** Where the process behind a Service listens: a webhook is named by its Service, also where there is no network of Services. Pure. */
import { isObject, listAt, objectAt, textAt, type JsonObject } from '../json.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { Destination } from './webhook.ts';

/** @throws Error in the words of apiserver's service resolver */
export function addressOf(store: ObjectStore, service: Destination & { kind: 'service' }): { readonly host: string; readonly port: number } {
  const { namespace, name, port } = service;
  const found = store.get('/services', namespace, name)?.object;
  if (!found) throw new Error(`service ${JSON.stringify(name)} not found`);
  const ports = listAt(objectAt(found, 'spec'), 'ports').filter((one) => isObject(one));
  const stated = ports.find((one) => one['port'] === port);
  if (!stated) throw new Error(`no service port ${port} found for service ${JSON.stringify(name)}`);
  const slices = store.list('discovery.k8s.io/endpointslices', namespace).map((entry) => entry.object);
  for (const slice of slices) {
    if (textAt(objectAt(objectAt(slice, 'metadata'), 'labels'), 'kubernetes.io/service-name') !== name) continue;
    const target = portOf(slice, textAt(stated, 'name'));
    const host = readyAddress(slice);
    if (target !== undefined && host !== undefined) return { host, port: target };
  }
  throw new Error(`no endpoints available for service ${JSON.stringify(name)}`);
}

function portOf(slice: JsonObject, name: string): number | undefined {
  const port = listAt(slice, 'ports').find((one) => isObject(one) && textAt(one, 'name') === name);
  return isObject(port) && typeof port['port'] === 'number' ? port['port'] : undefined;
}

function readyAddress(slice: JsonObject): string | undefined {
  for (const endpoint of listAt(slice, 'endpoints')) {
    if (!isObject(endpoint) || objectAt(endpoint, 'conditions')['ready'] === false) continue;
    const [address] = listAt(endpoint, 'addresses');
    if (typeof address === 'string') return address;
  }
  return undefined;
}
