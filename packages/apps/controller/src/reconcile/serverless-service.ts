/**
 * ServerlessService → the private Service with the addresses of the revision's pods, and, where others' gateways need it, the public one with
 * whoever is the way; what it finds → conditions.
 */
import { isControlledBy, services as coreServiceKind, type KubernetesClient, type Service as CoreService } from '@sluice/kubernetes';
import {
  endpointsOf,
  makePrivateService,
  makePublicService,
  privateServiceName,
  serverlessServiceKind,
  serverlessServiceStatus,
  type ServerlessService,
} from '@sluice/serving';
import { inNamespace, index, type Caches } from '../caches.ts';
import type { Writer } from '../writer.ts';
import { mergeCoreService } from './merge.ts';
import type { PublicSliceKeeper } from './public-slice-keeper.ts';

export interface ServerlessServiceReconcilerOptions {
  readonly client: KubernetesClient;
  readonly caches: Caches;
  readonly writer: Writer;
  readonly slices: PublicSliceKeeper;
}

export class ServerlessServiceReconciler {
  readonly #options: ServerlessServiceReconcilerOptions;

  constructor(options: ServerlessServiceReconcilerOptions) {
    this.#options = options;
  }

  async reconcile(key: string): Promise<void> {
    const { caches, writer } = this.#options;
    const sks = caches.serverlessServices.store.get(key);
    if (!sks || sks.metadata.deletionTimestamp !== undefined) return;
    const { namespace } = sks.metadata;
    const deployment = caches.deployments.store.get(inNamespace(namespace, sks.spec.objectRef.name));
    const selector = deployment?.spec.selector.matchLabels;
    // Its Deployment says which pods are meant; when it comes, this is called again.
    if (!selector) return;
    const desired = makePrivateService(sks, selector);
    const isPrivate = (await this.#ensure(sks, desired)) !== 'not-owned';
    const isPublic = await this.#keepPublic(key, sks);
    const status = serverlessServiceStatus({
      sks,
      readyPods: this.#readyPods(sks),
      taken: isPrivate ? (isPublic ? undefined : sks.metadata.name) : desired.metadata.name,
      now: writer.now(),
    });
    await writer.writeStatus(serverlessServiceKind, sks, status);
  }

  /** False when its name is somebody else's. Our own gateways go to pods and activators themselves: for them nothing is made. */
  async #keepPublic(key: string, sks: ServerlessService): Promise<boolean> {
    const { caches, client, slices } = this.#options;
    const isNeeded = caches.ingresses.store.byIndex(index.backend, key).length > 0;
    if (!isNeeded) {
      const made = caches.coreServices.store.get(key);
      if (made && isControlledBy(made, sks)) await client.resource(coreServiceKind).delete(made.metadata, made.metadata.uid === undefined ? {} : { uid: made.metadata.uid });
      return true;
    }
    const service = await this.#ensure(sks, makePublicService(sks));
    if (service === 'not-owned') return false;
    await slices.keep(sks, service);
    return true;
  }

  #ensure(sks: ServerlessService, desired: CoreService): Promise<CoreService | 'not-owned'> {
    const { caches, writer } = this.#options;
    const actual = caches.coreServices.store.get(inNamespace(desired.metadata.namespace, desired.metadata.name));
    return writer.ensure({ kind: coreServiceKind, owner: sks, desired, actual, merge: mergeCoreService });
  }

  #readyPods({ metadata, spec }: ServerlessService): number {
    const slices = this.#options.caches.endpointSlices.store.byIndex(index.service, inNamespace(metadata.namespace, privateServiceName(metadata.name)));
    const portName = spec.protocolType === 'h2c' ? 'http2' : 'http';
    return endpointsOf(slices, [portName]).filter(({ ready }) => ready).length;
  }
}
