/** Pages about the process and its numbers that operators of Envoy know, as far as they mean something here. */
import type { Session } from 'node:inspector';
import { text, type AdminPage, type AdminResponse } from './admin-page.ts';

/** The profile under way, of which there is one in a process. */
let profiling: { readonly session: Session; readonly kind: 'cpu' | 'heap' } | undefined;

export const processPages: readonly AdminPage[] = [
  fixed('/contention', 'waits for locks, of which there are none', 'there are no locks to wait for: one thread does the work of a worker'),
  fixed('/hot_restart_version', 'the version of hot restarts', 'disabled'),
  fixed('/stats/recentlookups', 'lookups of statistics by name, which are not made', '   Count Lookup\n\ntotal: 0'),
  {
    path: '/reset_counters',
    help: 'counters and histograms begin anew',
    mutates: true,
    answer(_query, { meter }) {
      if (!meter.resetCounters) return text('the numbers of several workers cannot be reset', 501);
      meter.resetCounters();
      return text('OK');
    },
  },
  {
    path: '/reopen_logs',
    help: 'open files of access logs anew, after they were moved away',
    mutates: true,
    answer(_query, { proxy }) {
      proxy.reopenLogs?.();
      return text('OK');
    },
  },
  {
    path: '/heap_dump',
    help: 'a snapshot of the heap, for Chrome\'s developer tools; it holds what requests hold',
    // It changes nothing, but it stops the process for a while and shows secrets.
    mutates: true,
    async answer() {
      const { getHeapSnapshot } = process.getBuiltinModule('node:v8');
      let body = '';
      for await (const piece of getHeapSnapshot().setEncoding('utf8')) body += String(piece);
      return { status: 200, contentType: 'application/json', body };
    },
  },
  profiler('/cpuprofiler', 'cpu'),
  profiler('/heapprofiler', 'heap'),
];

function fixed(path: string, help: string, body: string): AdminPage {
  return { path, help, mutates: false, answer: () => text(body) };
}

function profiler(path: string, kind: 'cpu' | 'heap'): AdminPage {
  return {
    path,
    help: `profile the ${kind} (?enable=y begins, ?enable=n ends and answers with the profile)`,
    mutates: true,
    answer(query) {
      switch (query.get('enable')) {
        case 'y':
          return begin(kind);
        case 'n':
          return end(kind);
        default:
          return text(`usage: ${path}?enable=<y|n>`, 400);
      }
    },
  };
}

async function begin(kind: 'cpu' | 'heap'): Promise<AdminResponse> {
  if (profiling) return text(`a profile of the ${profiling.kind} is under way`, 409);
  const { Session } = process.getBuiltinModule('node:inspector');
  const session = new Session();
  session.connect();
  profiling = { session, kind };
  if (kind === 'cpu') await post(session, 'Profiler.enable');
  await post(session, kind === 'cpu' ? 'Profiler.start' : 'HeapProfiler.startSampling');
  return text('OK');
}

async function end(kind: 'cpu' | 'heap'): Promise<AdminResponse> {
  if (profiling?.kind !== kind) return text(`no profile of the ${kind} is under way`, 409);
  const { session } = profiling;
  profiling = undefined;
  const { profile } = (await post(session, kind === 'cpu' ? 'Profiler.stop' : 'HeapProfiler.stopSampling')) as { profile: unknown };
  session.disconnect();
  return { status: 200, contentType: 'application/json', body: JSON.stringify(profile) };
}

function post(session: Session, method: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    session.post(method, (error: Error | null, result?: object) => (error ? reject(error) : resolve(result)));
  });
}
