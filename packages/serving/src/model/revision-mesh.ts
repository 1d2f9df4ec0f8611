/**
 * How activators pass a mesh of others that stands before a revision's pods: such a mesh may know Services, and nothing of pods. From
 * `enable-mesh-pod-addressability` and `mesh-compatibility-mode` of `config-network`.
 */
import type { NetworkConfig } from '../config/network-config.ts';
import { privateServiceName } from '../names.ts';

export type RevisionMesh =
  /** Pods are addressed, and the mesh is told which Service that is for: by this `Host`, and `K-Passthrough-Lb`. */
  | { readonly kind: 'passthrough'; readonly host: string }
  /** The private Service is called in place of pods: always, or where pods turn out not to be reached. */
  | { readonly kind: 'service'; readonly isAlways: boolean; readonly address: string; readonly port: number; readonly tlsPort: number };

export type MeshConfig = Pick<NetworkConfig, 'enableMeshPodAddressability' | 'meshCompatibilityMode'>;

/** Of the private Service. */
const ports = { port: 80, tlsPort: 443 } as const;

/** @param address of the private Service in the cluster; empty while it has none. Undefined result: pods are called, whatever they answer */
export function meshOf({ namespace, name }: { readonly namespace: string; readonly name: string }, address: string, config: MeshConfig): RevisionMesh | undefined {
  if (config.enableMeshPodAddressability) return { kind: 'passthrough', host: `${privateServiceName(name)}.${namespace}` };
  if (config.meshCompatibilityMode === 'disabled' || address === '' || address === 'None') return undefined;
  return { kind: 'service', isAlways: config.meshCompatibilityMode === 'enabled', address, ...ports };
}
