/** What runs in a worker thread: a proxy on the system's network, configured by the main thread. */
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { createMeter, systemClock, systemRandom, systemTimers } from '@sluice/kernel';
import { createAccessLogOpener } from '../access-log/sink.ts';
import { TlsRegistry } from '../tls/tls-registry.ts';
import { ConfigCompiler } from '../config/config-compiler.ts';
import { withHistogramBuckets } from '../config/stats-config.ts';
import { extensionsOf } from '../config/extensions-of.ts';
import { createFileAccess } from '../config/file-access.ts';
import { createFileRuntime } from '../config/file-runtime.ts';
import { PassthroughServers } from '../network/passthrough-servers.ts';
import { createDataSources } from '../data-sources.ts';
import { createFilterContexts } from '../filters/filter-context.ts';
import { healthOf } from '../filters/health-of-proxy.ts';
import { standardFilters } from '../filters/standard-filters.ts';
import { createSystemNetwork } from '../network/create-system-network.ts';
import { createSystemResolver } from '../network/dns/create-system-resolver.ts';
import { processReadings } from '../network/process-readings.ts';
import { createProxy } from '../proxy.ts';
import { LateRegexEngine } from '../router/regex-engine.ts';
import { createPortLogger } from './port-logger.ts';
import type { ThreadOrigin, ThreadSettings } from './thread.ts';
import { WorkerProxy } from './worker-proxy.ts';
import type { FromWorker, ToWorker } from './worker-protocol.ts';
import { overloadShare, WorkerShare } from './worker-share.ts';

/** For fleets whose configuration quotes nothing. */
const nowhere: ThreadOrigin = { node: { id: '', cluster: '' }, hostName: '', environment: {}, runtime: { layers: [] } };

async function main(port: MessagePort): Promise<void> {
  const settings = workerData as ThreadSettings;
  const post = (message: FromWorker): void => port.postMessage(message);
  const { logger, setDebug } = createPortLogger(post);
  const parts = { clock: systemClock, timers: systemTimers, random: systemRandom, logger, meter: withHistogramBuckets(createMeter(), settings.histogramBuckets ?? []) };
  const { meter } = parts;
  const { transport, poisonsMemory, logDelayMsMax, listenerDrainMs, overload } = settings;
  const network = await createSystemNetwork({ ...parts, platform: process.platform, ticketKey: settings.ticketKey, ...(transport ? { transport } : {}), ...(poisonsMemory ? { poisonsMemory } : {}) });
  const { origin = nowhere } = settings;
  // What could not be read the main thread has said.
  const { runtime } = createFileRuntime(origin.runtime, settings.nodeCluster);
  const proxy = createProxy({
    ...parts,
    runtime,
    network,
    resolver: createSystemResolver(systemClock, settings.dnsResolver, meter),
    clusterManager: settings.clusterManager,
    ...(logDelayMsMax === undefined ? {} : { logDelayMsMax }),
    ...(listenerDrainMs === undefined ? {} : { listenerDrainMs }),
    tracer: settings.passesSpans ? { record: (span) => post({ kind: 'span', span }) } : undefined,
    overload: overload && { config: overloadShare(overload, settings.workers), readings: processReadings },
    ...(settings.writesAccessLogs === false ? {} : { openAccessLog: createAccessLogOpener(meter.counter('sluice_access_log_dropped_total', 'Access-log writes dropped because the log could not keep up.'), meter.counter('sluice_access_log_failed_total', 'Access-log files that could not be written.')) }),
  });
  const regexEngine = new LateRegexEngine();
  const files = createFileAccess(systemTimers, origin.environment);
  const sources = createDataSources(files);
  const tls = new TlsRegistry({ transport: network.tls, files, regexEngine, logger, secretOf: (name) => worker.secret(name) });
  const worker: WorkerProxy = new WorkerProxy({
    proxy,
    meter,
    regexEngine,
    compiler: new ConfigCompiler({
      filters: standardFilters,
      createContext: createFilterContexts({ ...parts, upstreams: proxy.upstreams, sources, health: healthOf(proxy, { nodeCluster: settings.nodeCluster }) }),
      regexEngine,
      tls,
      environment: { node: origin.node, runtime, sources, random: systemRandom, hostName: origin.hostName, passthrough: new PassthroughServers() },
    }),
    share: new WorkerShare(settings.workers),
    // What the main thread has let pass is good: its strictness is not repeated.
    decoding: { unknownFields: 'warning', extensions: extensionsOf(standardFilters) },
    post,
    setDebug,
    overrideRuntime: (changes) => runtime.override(changes),
  });
  port.on('message', (message: ToWorker) => worker.receive(message));
}

if (!parentPort) throw new Error('this runs in a worker thread only');
// Not awaited at the top, which a bundle cannot: what goes wrong ends the thread all the same.
void main(parentPort);
