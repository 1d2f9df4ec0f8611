/** Keeps a running proxy to its files: after each save they are read again, and taken whole or not at all. */
import type { Counter, Meter, Problem, Timers } from '@sluice/kernel';
import type { FilterCatalog } from '../filters/filter.ts';
import type { BootstrapDiff } from './bootstrap-diff.ts';
import type { BootstrapProxy } from './bootstrap-proxy.ts';
import { Debounce } from './debounce.ts';
import { bootstrapFiles, loadBootstrap, type BootstrapInput } from './file-bootstrap.ts';
import type { FileWatcher } from './file-watcher.ts';

export type ReloadReport =
  | { readonly kind: 'applied'; readonly diff: BootstrapDiff; readonly problems: readonly Problem[] }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] };

export interface BootstrapReloadsOptions {
  readonly input: BootstrapInput & { readonly path: string };
  readonly running: Pick<BootstrapProxy, 'reload'>;
  readonly filters: FilterCatalog;
  readonly watcher: FileWatcher;
  readonly timers: Timers;
  readonly meter: Meter;
  readonly onReload: (report: ReloadReport) => void;
}

/** Chosen: editors and `kubectl cp` are done within that, and a person does not notice it. */
const quietMs = 100;

/** A file that is written to all the time is read this often all the same. */
const delayMsMax = 2_000;

export class BootstrapReloads {
  readonly #options: BootstrapReloadsOptions;
  readonly #counts: Readonly<Record<ReloadReport['kind'], Counter>>;
  readonly #debounce: Debounce;
  #watch: { stop(): void } | undefined;
  #hasRead = false;
  /** Reloads come one after the other. */
  #last: Promise<void> = Promise.resolve();

  constructor(options: BootstrapReloadsOptions) {
    this.#options = options;
    const { timers, meter } = options;
    const counter = (result: string) => meter.counter('sluice_bootstrap_reloads_total', 'times the bootstrap was read again because of a change', { result });
    this.#counts = { applied: counter('applied'), refused: counter('refused') };
    this.#debounce = new Debounce({ timers, quietMs, delayMsMax, act: () => void this.reload() });
  }

  start(): void {
    const { watcher, input } = this.#options;
    this.#watch ??= watcher.watch(() => bootstrapFiles(input.path), () => this.#debounce.notice());
  }

  stop(): void {
    this.#watch?.stop();
    this.#watch = undefined;
    this.#debounce.stop();
  }

  /** Reads the files now. */
  reload(): Promise<void> {
    this.#last = this.#last.then(() => this.#reload());
    return this.#last;
  }

  async #reload(): Promise<void> {
    const report = await this.#tryFiles();
    const isFirst = !this.#hasRead;
    this.#hasRead = true;
    // Nothing has happened between the start and the first look.
    if (isFirst && report.kind === 'applied' && report.diff.resources.length + report.diff.needRestart.length === 0) return;
    this.#counts[report.kind].add();
    this.#options.onReload(report);
  }

  async #tryFiles(): Promise<ReloadReport> {
    const { input, filters, running } = this.#options;
    try {
      const loaded = await loadBootstrap(input, filters);
      if (!loaded.ok) return { kind: 'refused', problems: loaded.problems };
      const reloaded = await running.reload(loaded.value);
      const problems = [...loaded.problems, ...reloaded.problems];
      return reloaded.ok ? { kind: 'applied', diff: reloaded.value, problems } : { kind: 'refused', problems };
    } catch (reason) {
      const message = `cannot be reloaded: ${reason instanceof Error ? reason.message : String(reason)}`;
      return { kind: 'refused', problems: [{ path: '', message, severity: 'error' }] };
    }
  }
}
