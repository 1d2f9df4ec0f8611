/** One worker: a proxy that is configured and asked by messages from the main thread. */
import type { Meter, Problem } from '@sluice/kernel';
import type { DecodeOptions, Secret } from '@sluice/resources';
import type { ConfigCompiler } from '../config/config-compiler.ts';
import type { ConfigResource, ConfigSnapshot } from '../config/config-resource.ts';
import type { Proxy } from '../proxy-options.ts';
import type { LateRegexEngine } from '../router/regex-engine.ts';
import { applyChange, emptySnapshot } from './snapshot-change.ts';
import type { FromWorker, ToWorker, WireChange, WorkerAnswer, WorkerReport, WorkerRequest } from './worker-protocol.ts';
import type { WorkerShare } from './worker-share.ts';

export interface WorkerProxyOptions {
  readonly proxy: Proxy;
  readonly compiler: ConfigCompiler;
  readonly regexEngine: LateRegexEngine;
  readonly meter: Meter;
  readonly share: WorkerShare;
  readonly decoding: DecodeOptions;
  post(message: FromWorker): void;
  setDebug(isWanted: boolean): void;
  overrideRuntime(changes: ReadonlyMap<string, string>): void;
}

export class WorkerProxy {
  readonly #options: WorkerProxyOptions;
  /** What is in force. Replaced only when a change could be applied. */
  #held: ConfigSnapshot = emptySnapshot;

  #secrets: ConfigSnapshot['secrets'] = emptySnapshot.secrets;

  constructor(options: WorkerProxyOptions) {
    this.#options = options;
    options.proxy.start();
    options.post({ kind: 'ready' });
  }

  /** A secret as it is in force here. */
  secret(name: string): ConfigResource<Secret> | undefined {
    return this.#secrets.get(name);
  }

  receive(message: ToWorker): void {
    switch (message.kind) {
      case 'ask':
        void this.#answer(message.id, message.request);
        break;
      case 'fail-health-checks':
        this.#options.proxy.failHealthChecks(message.isFailing);
        break;
      case 'measure-load':
        this.#options.proxy.measureLoad(message.query);
        break;
      case 'log-debug':
        this.#options.setDebug(message.isWanted);
        break;
      case 'override-runtime':
        this.#options.overrideRuntime(message.changes);
    }
  }

  async #answer(id: number, request: WorkerRequest): Promise<void> {
    const answer = await this.#do(request).catch((error: unknown): WorkerAnswer => ({ kind: 'failed', message: error instanceof Error ? error.message : String(error) }));
    this.#options.post({ kind: 'answer', id, answer });
  }

  async #do(request: WorkerRequest): Promise<WorkerAnswer> {
    const { proxy } = this.#options;
    switch (request.kind) {
      case 'apply':
        return { kind: 'applied', problems: await this.#apply(request.change) };
      case 'collect':
        return { kind: 'collected', report: this.#report() };
      case 'take-load':
        return { kind: 'load', loads: await proxy.takeLoad(request.query) };
      case 'stop-accepting':
        await proxy.stopAccepting(request.options);
        return { kind: 'done' };
      case 'drain':
        await proxy.drain(request.options);
        return { kind: 'done' };
      case 'close':
        await proxy.close();
        return { kind: 'done' };
    }
  }

  async #apply(change: WireChange): Promise<readonly Problem[]> {
    const { proxy, compiler, share, decoding, regexEngine } = this.#options;
    await regexEngine.load();
    const next = applyChange(this.#held, change, decoding);
    if (!next.ok) return next.problems;
    this.#holdSecrets(next.value);
    const problems = await proxy.apply(share.of(compiler.compile(next.value), change.ports));
    if (problems.every(({ severity }) => severity !== 'error')) this.#held = next.value;
    else this.#holdSecrets(this.#held);
    return problems;
  }

  #holdSecrets({ secrets }: ConfigSnapshot): void {
    if (secrets === this.#secrets) return;
    this.#secrets = secrets;
    this.#options.compiler.tls.onSecretsChanged();
  }

  #report(): WorkerReport {
    const { proxy, meter } = this.#options;
    return { families: meter.collect(), listeners: proxy.listeners(), clusters: proxy.clusters(), activeStreams: proxy.activeStreams, activeTunnels: proxy.activeTunnels, activeConnections: proxy.activeConnections };
  }
}
