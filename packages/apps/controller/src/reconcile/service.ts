/** Service → Configuration and Route. */
import {
  configurationKind,
  defaultService,
  describeProblems,
  invalidServiceStatus,
  makeConfiguration,
  makeRoute,
  routeKind,
  serviceKind,
  serviceStatus,
  validateService,
  type Service,
} from '@sluice/serving';
import type { Caches } from '../caches.ts';
import type { LiveConfig } from '../live-config.ts';
import type { Writer } from '../writer.ts';
import { mergeDeclared } from './merge.ts';

export class ServiceReconciler {
  readonly #caches: Caches;
  readonly #config: LiveConfig;
  readonly #writer: Writer;

  constructor(options: { readonly caches: Caches; readonly config: LiveConfig; readonly writer: Writer }) {
    this.#caches = options.caches;
    this.#config = options.config;
    this.#writer = options.writer;
  }

  async reconcile(key: string): Promise<void> {
    const service = this.#caches.services.store.get(key);
    // What belongs to a Service that has gone, or goes, the garbage collector removes.
    if (!service || service.metadata.deletionTimestamp !== undefined) return;
    const problems = validateService(defaultService(service, this.#config.current), this.#config.rules);
    if (problems.length > 0) {
      await this.#writer.writeReadiness(
        serviceKind,
        service,
        invalidServiceStatus(service, describeProblems(problems), this.#writer.now()),
      );
      return;
    }
    // One after the other: a Route that is there before its Configuration would say that it is missing.
    const configuration = await this.#ensureConfiguration(key, service);
    const route = await this.#ensureRoute(key, service);
    await this.#writer.writeReadiness(
      serviceKind,
      service,
      serviceStatus({ service, configuration, route, now: this.#writer.now() }),
    );
  }

  #ensureConfiguration(key: string, service: Service) {
    return this.#writer.ensure({
      kind: configurationKind,
      owner: service,
      desired: makeConfiguration(service),
      actual: this.#caches.configurations.store.get(key),
      merge: mergeDeclared,
    });
  }

  #ensureRoute(key: string, service: Service) {
    return this.#writer.ensure({
      kind: routeKind,
      owner: service,
      desired: makeRoute(service),
      actual: this.#caches.routes.store.get(key),
      merge: mergeDeclared,
    });
  }
}
