/**
 * Brings configuration from a source into force: update → store → compile → apply. What arrives in one turn is
 * applied at once; while an application is under way (listeners are being bound), newer configuration waits, and only
 * the newest is applied next. What is refused changes nothing.
 */
import type { Clock, Logger, Meter, Problem, Timer, Timers, TlsTransport } from '@sluice/kernel';
import { formatProblem, problem } from '@sluice/kernel';
import type { CompileEnvironment } from '../compile-environment.ts';
import { noFiles, type FileAccess } from '../data-sources.ts';
import type { CreateFilterContext } from '../filters/filter-context.ts';
import type { FilterCatalog } from '../filters/filter.ts';
import type { ProxyConfig } from '../proxy-config.ts';
import type { RegexEngine } from '../router/regex-engine.ts';
import { TlsRegistry } from '../tls/tls-registry.ts';
import { ConfigCompiler } from './config-compiler.ts';
import type { ConfigSnapshot } from './config-resource.ts';
import type { ApplicationFault, ConfigConsumer, ConfigUpdate, RejectedResource } from './config-source.ts';
import { ConfigStore } from './config-store.ts';
import type { Demand } from '../filters/demand-side.ts';
import type { Demands } from './demands.ts';
import { countExtensions } from './extension-statistics.ts';
import { extensionsOf } from './extensions-of.ts';
import { ReferenceWatch } from './reference-watch.ts';
import type { SourceReference } from './source-references.ts';
import { typeUrls } from '@sluice/resources';

/** What takes compiled configurations: the proxy. */
export interface ConfigTarget {
  /** `snapshot` is what `config` was compiled from, for whoever hands it on. */
  apply(config: ProxyConfig, snapshot: ConfigSnapshot): Promise<readonly Problem[]>;
}

export interface ConfigApplierOptions {
  readonly target: ConfigTarget;
  readonly filters: FilterCatalog;
  readonly createContext: CreateFilterContext;
  readonly regexEngine: RegexEngine;
  /** What TLS is spoken with, and where certificates may be read from. Default none. */
  readonly tls?: { readonly transport: TlsTransport | undefined; readonly files: FileAccess };
  /** What a field of a resource means that nobody knows. Default `warning`: its sender may be newer than this. */
  readonly unknownFields?: 'error' | 'warning';
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly meter: Meter;
  /** What requests wait for; filters were given it too. Default: nobody asks for anything. */
  readonly demands?: Demands;
  /** Default: nobody in particular, without a runtime or files. */
  readonly environment?: CompileEnvironment;
}

export class ConfigApplier implements ConfigConsumer {
  readonly store: ConfigStore;
  readonly #compiler: ConfigCompiler;
  readonly #tls: TlsRegistry;
  readonly #options: ConfigApplierOptions;
  readonly #updates: { readonly accepted: { add(): void }; readonly rejected: { add(): void } };
  #wake: Timer | undefined;
  /** The application under way, or the last one. The next begins when it is over. */
  #running: Promise<readonly ApplicationFault[]> = Promise.resolve([]);
  #isDirty = false;
  #applied: ProxyConfig | undefined;
  #problems: readonly Problem[] = [];
  /** The snapshot in force: what is taken back goes back to it. */
  #inForce: ConfigSnapshot | undefined;
  /** Whoever waits for the application that is due. */
  #due: PromiseWithResolvers<readonly ApplicationFault[]> | undefined;
  readonly #references = new ReferenceWatch();
  #whenWarm: PromiseWithResolvers<void> | undefined;

  constructor(options: ConfigApplierOptions) {
    this.#options = options;
    const { filters, createContext, regexEngine, clock, meter, environment } = options;
    const tls = options.tls ?? { transport: undefined, files: noFiles };
    this.#tls = new TlsRegistry({ ...tls, regexEngine, logger: options.logger, secretOf: (name) => this.store.secret(name) });
    this.#compiler = new ConfigCompiler({ filters, createContext, regexEngine, tls: this.#tls, ...(environment ? { environment } : {}) });
    const unknownFields = meter.counter('envoy_server_dynamic_unknown_fields', 'fields of resources that were skipped because they are not known here');
    this.store = new ConfigStore({
      compiler: this.#compiler,
      extensions: extensionsOf(filters),
      unknownFields: options.unknownFields ?? 'warning',
      onUnknownField: () => unknownFields.add(),
      wallTime: () => clock.wallTime(),
    });
    meter.observedGauge('envoy_cluster_manager_warming_clusters', 'clusters that wait for endpoints or secrets', () => this.store.warmingClusters.length);
    this.#updates = {
      accepted: meter.counter('sluice_config_resources_accepted_total', 'configuration resources taken over'),
      rejected: meter.counter('sluice_config_resources_rejected_total', 'configuration resources refused'),
    };
  }

  /** Everything made of certificates. */
  get tls(): TlsRegistry {
    return this.#tls;
  }

  /** What is in force; undefined until the first was applied. */
  get applied(): ProxyConfig | undefined {
    return this.#applied;
  }

  /** Why the last application failed; empty when it did not. */
  get problems(): readonly Problem[] {
    return this.#problems;
  }

  onUpdate(update: ConfigUpdate): readonly RejectedResource[] {
    const rejected = this.store.update(update);
    if (update.typeUrl === typeUrls.extensionConfig) countExtensions(this.#options.meter, update, rejected);
    for (let count = update.changed.length - rejected.length; count > 0; count -= 1) this.#updates.accepted.add();
    for (const { name, problems } of rejected) {
      this.#updates.rejected.add();
      this.#options.logger.warn('config rejected', { type: update.typeUrl, name, problems: problems.map(formatProblem) });
    }
    this.#schedule();
    return rejected;
  }

  onMissing(typeUrl: string, name: string): void {
    this.#options.logger.warn('config resource missing', { type: typeUrl, name });
    this.store.markMissing(typeUrl, name);
    this.#options.demands?.onMissing(typeUrl, name);
    this.#schedule();
  }

  /** For one whose update was just taken: waits for the application that this has made due. */
  inForce(): Promise<readonly ApplicationFault[]> {
    return this.#due?.promise ?? this.#running;
  }

  watchReferences(listener: (references: readonly SourceReference[]) => void): void {
    this.#references.add(listener);
  }

  watchDemands(listener: (demands: readonly Demand[]) => void): void {
    this.#options.demands?.watch(listener);
  }

  /** Fulfils when no listener waits for anything any more. */
  async whenWarm(): Promise<void> {
    await this.inForce();
    if (this.store.warmingListeners.length === 0) return;
    this.#whenWarm ??= Promise.withResolvers();
    await this.#whenWarm.promise;
  }

  /** Applies what the store holds now, without waiting for the end of the turn, and says how that went. */
  async applyNow(): Promise<readonly Problem[]> {
    this.#wake?.cancel();
    this.#wake = undefined;
    this.#isDirty = true;
    await this.#run();
    return this.#problems;
  }

  /** Nothing more is applied. */
  stop(): void {
    this.#wake?.cancel();
    this.#tls.stop();
    this.#isDirty = false;
  }

  /** At the end of the turn: several types often come together, and one application serves them all. */
  #schedule(): void {
    this.#isDirty = true;
    this.#due ??= Promise.withResolvers();
    this.#wake ??= this.#options.timers.after(0, () => {
      this.#wake = undefined;
      this.#run().catch((error: unknown) => this.#options.logger.error('config not applied', { error }));
    });
  }

  #run(): Promise<readonly ApplicationFault[]> {
    const due = this.#due;
    this.#due = undefined;
    const run = this.#running.then(() => this.#applyGood());
    // A failed application must not keep later ones from being tried.
    this.#running = run.catch((error: unknown) => [{ typeUrl: undefined, name: '', problem: problem('', `config not applied: ${String(error)}`) }]);
    due?.resolve(this.#running);
    return run;
  }

  /** Applies the newest; dynamic listeners that stand in its way are taken back, and the rest applied without them. */
  async #applyGood(): Promise<readonly ApplicationFault[]> {
    const faults: ApplicationFault[] = [];
    for (;;) {
      const snapshot = await this.#applyNewest();
      if (!snapshot) return faults;
      const errors = this.#problems.filter(({ severity }) => severity === 'error');
      if (errors.length === 0) return faults;
      const takenBack = this.#takeBack(snapshot, errors);
      if (takenBack.length === 0) return [...faults, ...errors.map((one) => ({ typeUrl: undefined, name: '', problem: one }))];
      faults.push(...takenBack);
      this.#isDirty = true;
    }
  }

  #takeBack(snapshot: ConfigSnapshot, errors: readonly Problem[]): readonly ApplicationFault[] {
    const faults: ApplicationFault[] = [];
    for (const listener of snapshot.listeners.values()) {
      const path = `listeners[${listener.name}]`;
      const found = errors.filter((one) => one.path === path || one.path.startsWith(`${path}.`)).map((one) => ({ ...one, path: one.path.slice(path.length + 1) }));
      const before = this.#inForce?.listeners.get(listener.name);
      if (found.length === 0 || listener.isStatic || before === listener) continue;
      this.store.takeBack(listener, before, found);
      this.#updates.rejected.add();
      faults.push(...found.map((one) => ({ typeUrl: typeUrls.listener, name: listener.name, problem: one })));
    }
    return faults;
  }

  /** What was tried; undefined when nothing is new. */
  async #applyNewest(): Promise<ConfigSnapshot | undefined> {
    if (!this.#isDirty) return undefined;
    this.#isDirty = false;
    this.#references.see(this.store.held());
    const snapshot = this.store.snapshot();
    const config = this.#compiler.compile(snapshot);
    if (config.version === this.#applied?.version) {
      this.#problems = [];
      return undefined;
    }
    this.#problems = await this.#options.target.apply(config, snapshot);
    if (this.#report(config)) this.#inForce = snapshot;
    if (this.#whenWarm && this.store.warmingListeners.length === 0) {
      this.#whenWarm.resolve();
      this.#whenWarm = undefined;
    }
    return snapshot;
  }

  /** True when it is in force. */
  #report(config: ProxyConfig): boolean {
    if (this.#problems.every(({ severity }) => severity !== 'error')) {
      this.#applied = config;
      this.#options.demands?.onApplied(config);
      return true;
    }
    const problems = this.#problems.map(formatProblem);
    this.#options.logger.error('config not applied', { version: config.version, problems });
    return false;
  }
}
