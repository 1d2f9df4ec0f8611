/**
 * All proxies of the benchmark in one process: each pod of each revision reports once a second, at its own moment within it, over the
 * real load stream. Told to, some revisions a second step up to a load that means panic.
 */
import { systemTimers } from '@sluice/kernel';
import { loadCodec, openGrpcServer, type LoadServerStream, type RevisionLoad } from '@sluice/xds';
import { answer } from './messages.ts';

const [revisions = 0, pods = 0, batch = 1, steps = 0] = process.argv.slice(2).map(Number);
const codec = await loadCodec('load');
let stream: LoadServerStream | undefined;
const server = await openGrpcServer({
  address: '127.0.0.1:0',
  codec,
  timers: systemTimers,
  handlers: {
    onAds: (opened) => opened.end(),
    onDeltaAds: (opened) => opened.end(),
    onLoadStats: (opened) => opened.end(),
    onLoad(opened) {
      stream = opened;
      opened.listen({ onMessage: () => opened.send({ loads: [] }), onEnd() {} });
    },
  },
});

/**
 * Requests in flight per pod, before and after its revision has stepped up. So many that the first report alone takes the panic
 * window over its threshold: what is measured is the time to decide, not the inertia of an average.
 */
const calm = 3;
const stepped = 2400;
let firstStepped = 0;

/** Reports in the order in which they are due within each second: all first pods, then all second pods, and so on. */
const all = revisions * pods;
let next = 0;
let startedAt = 0;

function reportDue(): void {
  const due = Math.floor(((performance.now() - startedAt) / 1000) * all);
  while (next < due) {
    const loads: RevisionLoad[] = [];
    for (; loads.length < batch && next < due; next += 1) loads.push(loadOf(next % all));
    stream?.send({ loads });
  }
}

function loadOf(index: number): RevisionLoad {
  const revision = index % revisions;
  const hasStepped = revision < firstStepped;
  const concurrency = hasStepped ? stepped : calm;
  return {
    namespace: 'default',
    revision: `hello-${revision}`,
    podName: `hello-${revision}-deployment-7d9c-${Math.floor(index / revisions)}`,
    source: 'SIDECAR',
    averageConcurrentRequests: concurrency,
    averageProxiedConcurrentRequests: 0,
    requestCount: concurrency * 10,
    proxiedRequestCount: 0,
    requestsInProgress: concurrency,
    intervalMs: 1000,
    receivedAt: Date.now(),
  };
}

answer({
  report() {
    startedAt = performance.now();
    setInterval(reportDue, 2);
  },
  step() {
    setInterval(() => (firstStepped = Math.min(revisions, firstStepped + 1)), 1000 / steps);
  },
});
process.send?.(server.port);
