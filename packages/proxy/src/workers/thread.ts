/** Workers as threads of this process. */
import { Worker } from 'node:worker_threads';
import type { HistogramBuckets, LayeredRuntime, OverloadManager } from '@sluice/resources';
import type { ResolverSettings } from '@sluice/kernel';
import type { ProxyIdentity } from '../compile-environment.ts';
import type { AcceptTransport } from '../network/system-network.ts';
import type { ClusterManagerSettings } from '../proxy-options.ts';
import type { StartWorker } from './worker-link.ts';
import type { FromWorker } from './worker-protocol.ts';

/** What configuration may quote besides itself. In each thread as in the main thread. Plain data. */
export interface ThreadOrigin {
  readonly node: ProxyIdentity;
  /** `%HOSTNAME%`. */
  readonly hostName: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly runtime: LayeredRuntime;
}

/** What a thread has to know beyond its configuration. Plain data. */
export interface ThreadSettings {
  /** How many share what is configured. */
  readonly workers: number;
  /** `node.cluster`, for filters that tell it. */
  readonly nodeCluster: string;
  /** Default nothing. */
  readonly origin?: ThreadOrigin;
  readonly transport?: AcceptTransport | 'auto';
  readonly poisonsMemory?: boolean;
  readonly dnsResolver?: ResolverSettings | undefined;
  readonly clusterManager?: ClusterManagerSettings | undefined;
  readonly logDelayMsMax?: number;
  /** What session tickets are encrypted with where the configuration gives no keys, so that a client may come back to any thread. */
  readonly ticketKey?: Uint8Array;
  readonly listenerDrainMs?: number;
  /** What each watches of the process; the limit of connections is for all together. */
  readonly overload?: OverloadManager | undefined;
  /** Whether the main thread wants spans. Default false. */
  readonly passesSpans?: boolean;
  readonly histogramBuckets?: readonly HistogramBuckets[];
  /** Whether access logs are written. Default true. */
  readonly writesAccessLogs?: boolean;
}

/** @param entry what runs in a thread; a bundle has it in a file of its own */
export function createThreads(settings: ThreadSettings, entry: URL = new URL('thread-main.ts', import.meta.url)): StartWorker {
  return (index) => (events) => {
    const worker = new Worker(entry, { workerData: settings, name: `worker-${index}` });
    let why = '';
    worker.on('message', (message: FromWorker) => events.onMessage(message));
    worker.on('error', (error) => (why = error instanceof Error ? (error.stack ?? error.message) : String(error)));
    worker.on('exit', (code) => events.onExit(why === '' ? `ended with code ${code}` : why));
    return {
      post: (message) => worker.postMessage(message, []),
      async terminate() {
        await worker.terminate();
      },
    };
  };
}
