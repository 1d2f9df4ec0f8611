/**
 * Dynamic resources from files: each holds a DiscoveryResponse, in YAML or JSON, and is read again after any kind of save,
 * of which Envoy knows the renames. Resources that are good are taken; of those that are not the last good one stays.
 */
import { readFile } from 'node:fs/promises';
import type { Problem, Timers } from '@sluice/kernel';
import { parseSource, typeUrls, versionOf, type SourceDocument } from '@sluice/resources';
import type { ConfigConsumer, ConfigSource, OfferedResource } from './config-source.ts';
import { Debounce } from './debounce.ts';
import type { FileWatcher } from './file-watcher.ts';
import { pathSubscriptions, subscriptionKey, type PathSubscription } from './path-subscriptions.ts';

export interface PathSourceOptions {
  /** What asks for files; resources out of them may ask for more. */
  readonly bootstrap: unknown;
  readonly watcher: FileWatcher;
  readonly timers: Timers;
  /** What is wrong in a file, at its lines. Empty: it has been read and all of it taken. */
  readonly onRead: (path: string, problems: readonly Problem[]) => void;
}

const quietMs = 100;
const delayMsMax = 2_000;

export class PathSource implements ConfigSource {
  readonly #options: PathSourceOptions;
  readonly #files = new Map<string, WatchedFile>();
  #consumer: ConfigConsumer | undefined;

  constructor(options: PathSourceOptions) {
    this.#options = options;
  }

  start(consumer: ConfigConsumer): void {
    this.#consumer = consumer;
    this.#subscribe(this.#options.bootstrap);
  }

  stop(): void {
    this.#consumer = undefined;
    for (const file of this.#files.values()) file.stop();
    this.#files.clear();
  }

  /** Clusters come first and are waited for, as Envoy does: a listener that names one which is not there yet would be refused. */
  #subscribe(json: unknown): void {
    let clustersAreRead = Promise.resolve();
    for (const subscription of pathSubscriptions(json)) {
      const key = subscriptionKey(subscription);
      if (this.#files.has(key)) continue;
      const file = new WatchedFile(subscription, this.#options, clustersAreRead, (document) => this.#take(subscription, file, document));
      this.#files.set(key, file);
      if (subscription.typeUrl === typeUrls.cluster) clustersAreRead = file.read;
    }
  }

  /** Files that were saved together may be seen in any order: what was refused for want of a cluster may be good by now. */
  #readRefusedAgain(): void {
    for (const file of this.#files.values()) if (file.isRefused) file.readAgain();
  }

  async #take({ typeUrl, isWhole }: PathSubscription, file: WatchedFile, document: SourceDocument): Promise<readonly Problem[]> {
    const consumer = this.#consumer;
    if (!consumer) return [];
    const { version, resources, problems } = readResponse(document.json, typeUrl);
    if (problems.length > 0) return document.locate(problems);
    const names = new Set(resources.map(({ name }) => name));
    const removed = isWhole ? file.names.filter((name) => !names.has(name)) : [];
    file.names = isWhole ? [...names] : file.names;
    const rejected = consumer.onUpdate({ typeUrl, version, changed: resources, removed });
    // What was taken may lead to more files.
    this.#subscribe(document.json);
    // Only what could be brought into force is good.
    const faults = (await consumer.inForce?.()) ?? [];
    if (typeUrl === typeUrls.cluster) this.#readRefusedAgain();
    const found = [
      ...rejected.flatMap(({ name, problems: wrong }) => wrong.map((one) => ({ name, found: one }))),
      ...faults.filter((fault) => fault.typeUrl === typeUrl).map(({ name, problem }) => ({ name, found: problem })),
    ];
    return document.locate(found.map(({ name, found: one }) => {
      const index = resources.findIndex((resource) => resource.name === name);
      return { ...one, path: one.path === '' ? `resources[${index}]` : `resources[${index}].${one.path}` };
    }));
  }
}

class WatchedFile {
  /** What it gave last. */
  names: readonly string[] = [];
  readonly #subscription: PathSubscription;
  readonly #options: PathSourceOptions;
  readonly #take: (document: SourceDocument) => Promise<readonly Problem[]>;
  readonly #debounce: Debounce;
  readonly #watch: { stop(): void };
  #text: string | undefined;
  #isStopped = false;
  #isRefused = false;
  #last: Promise<void>;

  /** @param after what comes before its first reading */
  constructor(subscription: PathSubscription, options: PathSourceOptions, after: Promise<void>, take: (document: SourceDocument) => Promise<readonly Problem[]>) {
    this.#subscription = subscription;
    this.#options = options;
    this.#take = take;
    this.#last = after;
    this.#debounce = new Debounce({ timers: options.timers, quietMs, delayMsMax, act: () => this.#readNext() });
    this.#watch = options.watcher.watch(() => Promise.resolve([subscription.path]), () => this.#debounce.notice());
    this.#readNext();
  }

  /** Fulfils when what was to be read until now has been, and has come into force or not. */
  get read(): Promise<void> {
    return this.#last;
  }

  /** Of another kind than clusters, and with something in it that was not taken. */
  get isRefused(): boolean {
    return this.#isRefused && this.#subscription.typeUrl !== typeUrls.cluster;
  }

  /** Although it says what it said before. */
  readAgain(): void {
    this.#text = undefined;
    this.#readNext();
  }

  stop(): void {
    this.#isStopped = true;
    this.#watch.stop();
    this.#debounce.stop();
  }

  #readNext(): void {
    this.#last = this.#last.then(() => this.#read());
  }

  async #read(): Promise<void> {
    const { path } = this.#subscription;
    const problems = await this.#problems(path).catch((reason: unknown): readonly Problem[] => [{ path: '', message: `cannot read ${path}: ${reason instanceof Error ? reason.message : String(reason)}`, severity: 'error' }]);
    if (this.#isStopped || !problems) return;
    this.#isRefused = problems.some(({ severity }) => severity === 'error');
    this.#options.onRead(path, problems);
  }

  /** Undefined when it says what it said before. */
  async #problems(path: string): Promise<readonly Problem[] | undefined> {
    const text = await readFile(path, 'utf8');
    if (text === this.#text) return undefined;
    this.#text = text;
    const parsed = await parseSource(text, path);
    if (!parsed.ok) return parsed.problems;
    return this.#isStopped ? [] : this.#take(parsed.document);
  }
}

interface Response {
  readonly version: string;
  readonly resources: readonly OfferedResource[];
  readonly problems: readonly Problem[];
}

function readResponse(json: unknown, typeUrl: string): Response {
  const problems: Problem[] = [];
  const report = (path: string, message: string) => problems.push({ path, message, severity: 'error' });
  const response = fieldsOf(json);
  if (!response) report('', 'must be a DiscoveryResponse');
  const listed = response?.['resources'];
  if (response && !Array.isArray(listed)) report('resources', 'must be a list');
  const resources = (Array.isArray(listed) ? (listed as readonly unknown[]) : []).flatMap((element, index): OfferedResource[] => {
    const fields = fieldsOf(element);
    if (!fields || fields['@type'] !== typeUrl) {
      report(`resources[${index}]`, `has @type ${JSON.stringify(fields?.['@type'])}, must be ${typeUrl}`);
      return [];
    }
    const { '@type': _, ...value } = fields;
    const name = fields['name'] ?? fields['cluster_name'] ?? fields['clusterName'];
    if (typeof name !== 'string' || name === '') report(`resources[${index}].name`, 'is required');
    return [{ name: String(name), version: versionOf(value), value }];
  });
  return { version: String(response?.['version_info'] ?? response?.['versionInfo'] ?? versionOf(json)), resources, problems };
}

function fieldsOf(json: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof json === 'object' && json !== null && !Array.isArray(json) ? (json as Readonly<Record<string, unknown>>) : undefined;
}
