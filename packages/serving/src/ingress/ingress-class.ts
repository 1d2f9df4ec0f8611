/** Who serves an object: as it says itself, else as the cluster says. */
import type { ServingObject } from '../api/object.ts';
import { ownIngressClass, type NetworkConfig } from '../config/network-config.ts';
import { annotations } from '../labels.ts';

export function ingressClassOf({ metadata }: ServingObject, { ingressClass }: Pick<NetworkConfig, 'ingressClass'>): string {
  const own = metadata.annotations ?? {};
  return own[annotations.ingressClass] || own[annotations.legacyIngressClass] || ingressClass;
}

/** Whether our own gateways serve it. */
export function isServedHere(object: ServingObject, network: Pick<NetworkConfig, 'ingressClass'>): boolean {
  return ingressClassOf(object, network) === ownIngressClass;
}
