/**
 * Keeps something in step with a collection of the API: lists it, then watches from the version of the list.
 *
 * States: `listing` → `watching` → (`pausing` →) `watching` again from the last version seen, or `listing`
 * again when that version is no longer kept (410). It never gives up: each failure leads to a pause, which
 * grows up to 30 s and is short again once a watch has proved healthy. It never goes deaf: a watch on which
 * nothing comes for `idleTimeoutMs`, not even a bookmark, is taken for dead and opened anew.
 */
import type { Clock, Logger, Random, Timers } from '@sluice/kernel';
import { ApiError, isGone } from './api-error.ts';
import { backoffMs } from './backoff.ts';
import type { KubernetesClient } from './client.ts';
import type { KubernetesObject } from './object.ts';
import type { ListOptions, WatchEvent } from './resource-client.ts';
import type { ResourceKind } from './resource-kind.ts';

/** Where a reflector puts what it sees. */
export interface ReflectorSink<T extends KubernetesObject> {
  /** The whole collection, as of one version. */
  replace(objects: readonly T[]): void;
  /** One change since then. Never a bookmark. */
  apply(event: WatchEvent<T>): void;
}

export interface ReflectorOptions<T extends KubernetesObject> {
  readonly client: KubernetesClient;
  readonly kind: ResourceKind<T>;
  readonly sink: ReflectorSink<T>;
  /** Absent: all namespaces. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Objects per page of the list. Default 500, as client-go, so that no page is long to parse. */
  readonly pageSize?: number;
  /**
   * How long a watch may be silent, in ms. Default 90 000: servers send a bookmark about once a minute, and
   * one may be late.
   */
  readonly idleTimeoutMs?: number;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
}

/** Pauses between attempts: short at first, since a restarted API server is back within a second. */
const pause = { initialMs: 100, maxMs: 30_000, jitterRatio: 0.5 };

/** A watch that has lived this long, or has told anything, ends the growth of pauses. In ms. */
const healthyAfterMs = 5_000;

/** So many refusals of a watch in a row lead to a new list, whatever the reason given. Chosen. */
const refusalsBeforeRelist = 3;

/** Servers end watches after 5 to 10 minutes, spread so that not all clients come back at once (client-go). In s. */
const watchTimeoutSeconds = { least: 300, most: 600 };

export class Reflector<T extends KubernetesObject> {
  readonly #options: ReflectorOptions<T>;
  readonly #scope: Pick<ListOptions, 'namespace' | 'labelSelector' | 'fieldSelector'>;
  readonly #logger: Logger;
  /** The version up to which everything has been told; undefined means: list. */
  #version: string | undefined;
  #failures = 0;
  #stop = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    this.#logger = options.logger.child({ resource: options.kind.plural });
    this.#scope = {
      ...(options.namespace === undefined ? {} : { namespace: options.namespace }),
      ...(options.labelSelector === undefined ? {} : { labelSelector: options.labelSelector }),
      ...(options.fieldSelector === undefined ? {} : { fieldSelector: options.fieldSelector }),
    };
  }

  /** Begins. Does nothing when it runs already. */
  start(): void {
    if (this.#running) return;
    this.#stop = new AbortController();
    this.#running = this.#run(this.#stop.signal);
  }

  /** Ends requests under way. The sink hears nothing more once this has been called. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    this.#running = undefined;
  }

  async #run(stopped: AbortSignal): Promise<void> {
    while (!stopped.aborted) {
      try {
        if (this.#version === undefined) await this.#list(stopped);
        if (stopped.aborted) return;
        await this.#watch(stopped);
      } catch (reason) {
        if (stopped.aborted) return;
        await this.#recover(reason, stopped);
      }
    }
  }

  async #list(stopped: AbortSignal): Promise<void> {
    const { client, kind, sink, pageSize = 500 } = this.#options;
    const resource = client.resource(kind);
    const objects: T[] = [];
    let next: string | undefined;
    let version: string | undefined;
    do {
      const page = await resource.list({
        ...this.#scope,
        limit: pageSize,
        ...(next === undefined ? {} : { continue: next }),
        signal: stopped,
      });
      for (const item of page.items) objects.push(item);
      next = page.metadata.continue || undefined;
      version = page.metadata.resourceVersion;
    } while (next !== undefined && !stopped.aborted);
    if (stopped.aborted) return;
    sink.replace(objects);
    this.#version = version ?? '0';
    this.#logger.debug('collection listed', { objects: objects.length, resourceVersion: version });
  }

  async #watch(stopped: AbortSignal): Promise<void> {
    const { client, kind, clock, timers, random, idleTimeoutMs = 90_000 } = this.#options;
    const attempt = new AbortController();
    const abort = () => attempt.abort(stopped.reason);
    stopped.addEventListener('abort', abort, { once: true });
    const startedAt = clock.now();
    const watchdog = new Watchdog(timers, clock, idleTimeoutMs, () =>
      attempt.abort(new SilentWatch(`watch was silent for ${idleTimeoutMs} ms`)),
    );
    const { least, most } = watchTimeoutSeconds;
    try {
      const ended = client.resource(kind).watch({
        ...this.#scope,
        resourceVersion: this.#version ?? '0',
        timeoutSeconds: Math.round(least + random.next() * (most - least)),
        signal: attempt.signal,
        onEvent: (event) => {
          if (attempt.signal.aborted) return;
          watchdog.feed();
          this.#failures = 0;
          this.#take(event);
        },
      });
      await orAborted(ended, attempt.signal);
      // Ended in order. One that ends as soon as it is opened must not be opened again in a hot loop.
      if (clock.now() - startedAt < 1000) await this.#pause(stopped);
    } finally {
      watchdog.stop();
      stopped.removeEventListener('abort', abort);
      attempt.abort();
      if (clock.now() - startedAt >= healthyAfterMs) this.#failures = 0;
    }
  }

  #take(event: WatchEvent<T>): void {
    const version = event.object.metadata.resourceVersion;
    if (event.type !== 'BOOKMARK') this.#options.sink.apply(event);
    // After the sink, so that a sink that throws sees the same event again.
    if (version !== undefined) this.#version = version;
  }

  async #recover(reason: unknown, stopped: AbortSignal): Promise<void> {
    if (reason instanceof SilentWatch) {
      // Quiet collections on servers without bookmarks come here too, so this is no news.
      this.#logger.debug('watch renewed', { reason: reason.message });
      return;
    }
    if (isGone(reason)) {
      this.#version = undefined;
      this.#logger.info('collection relist', { reason: 'version expired' });
      if (this.#failures === 0) {
        this.#failures = 1;
        return;
      }
    } else {
      this.#logger.warn('collection interrupted', { error: reason });
      // A server that answers and keeps refusing this version may have lost its history: begin afresh.
      if (reason instanceof ApiError && this.#failures >= refusalsBeforeRelist) this.#version = undefined;
    }
    await this.#pause(stopped, reason instanceof ApiError ? reason.retryAfterMs : undefined);
  }

  #pause(stopped: AbortSignal, atLeastMs = 0): Promise<void> {
    this.#failures += 1;
    const delayMs = Math.max(atLeastMs, backoffMs(this.#failures, pause, this.#options.random));
    return new Promise((resolve) => {
      const timer = this.#options.timers.after(delayMs, done);
      stopped.addEventListener('abort', done, { once: true });
      function done(): void {
        timer.cancel();
        stopped.removeEventListener('abort', done);
        resolve();
      }
    });
  }
}

/** Why a watch was given up by its watchdog. */
class SilentWatch extends Error {
  override readonly name = 'SilentWatch';
}

/** Calls `onSilence` once when `feed` has not been called for `timeoutMs`. One timer, however much is fed. */
class Watchdog {
  readonly #timers: Timers;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #onSilence: () => void;
  #fedAt: number;
  #timer: { cancel(): void };

  constructor(timers: Timers, clock: Clock, timeoutMs: number, onSilence: () => void) {
    this.#timers = timers;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#onSilence = onSilence;
    this.#fedAt = clock.now();
    this.#timer = timers.after(timeoutMs, () => this.#check());
  }

  feed(): void {
    this.#fedAt = this.#clock.now();
  }

  stop(): void {
    this.#timer.cancel();
  }

  #check(): void {
    const silentMs = this.#clock.now() - this.#fedAt;
    if (silentMs >= this.#timeoutMs) this.#onSilence();
    else this.#timer = this.#timers.after(this.#timeoutMs - silentMs, () => this.#check());
  }
}

/** Settles with `work`, or rejects when `signal` aborts first: a transport that ignores the signal cannot hold us. */
function orAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
