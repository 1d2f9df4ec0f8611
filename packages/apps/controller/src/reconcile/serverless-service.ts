/** ServerlessService → the private Service with the addresses of the revision's pods; what it finds → conditions. */
import { services as coreServiceKind, type Service as CoreService } from '@sluice/kubernetes';
import {
  endpointsOf,
  makePrivateService,
  privateServiceName,
  serverlessServiceKind,
  serverlessServiceStatus,
  type ServerlessService,
} from '@sluice/serving';
import { inNamespace, index, type Caches } from '../caches.ts';
import type { Writer } from '../writer.ts';
import { mergeCoreService } from './merge.ts';

export class ServerlessServiceReconciler {
  readonly #caches: Caches;
  readonly #writer: Writer;

  constructor(options: { readonly caches: Caches; readonly writer: Writer }) {
    this.#caches = options.caches;
    this.#writer = options.writer;
  }

  async reconcile(key: string): Promise<void> {
    const sks = this.#caches.serverlessServices.store.get(key);
    if (!sks || sks.metadata.deletionTimestamp !== undefined) return;
    const { namespace } = sks.metadata;
    const deployment = this.#caches.deployments.store.get(inNamespace(namespace, sks.spec.objectRef.name));
    const selector = deployment?.spec.selector.matchLabels;
    // Its Deployment says which pods are meant; when it comes, this is called again.
    if (!selector) return;
    const serviceKey = inNamespace(namespace, privateServiceName(sks.metadata.name));
    const desired: CoreService = makePrivateService(sks, selector);
    const made = await this.#writer.ensure({
      kind: coreServiceKind,
      owner: sks,
      desired,
      actual: this.#caches.coreServices.store.get(serviceKey),
      merge: mergeCoreService,
    });
    const status = serverlessServiceStatus({
      sks,
      readyPods: this.#readyPods(sks, serviceKey),
      isTaken: made === 'not-owned',
      now: this.#writer.now(),
    });
    await this.#writer.writeStatus(serverlessServiceKind, sks, status);
  }

  #readyPods(sks: ServerlessService, serviceKey: string): number {
    const slices = this.#caches.endpointSlices.store.byIndex(index.service, serviceKey);
    const portName = sks.spec.protocolType === 'h2c' ? 'http2' : 'http';
    return endpointsOf(slices, [portName]).filter(({ ready }) => ready).length;
  }
}
