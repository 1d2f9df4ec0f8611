/** Pages that change something. They answer to POST only, and only where the admin server allows changes. */
import { logLevels, text, type AdminPage, type LogLevel } from './admin-page.ts';

/** Envoy's `--drain-time-s`, in ms. */
const defaultDrainMs = 600_000;

export const changePages: readonly AdminPage[] = [
  {
    path: '/healthcheck/fail',
    help: 'let /ready fail, so that no new traffic is sent here',
    mutates: true,
    answer(_query, { proxy }) {
      proxy.failHealthChecks(true);
      return text('OK');
    },
  },
  {
    path: '/healthcheck/ok',
    help: 'undo /healthcheck/fail',
    mutates: true,
    answer(_query, { proxy }) {
      proxy.failHealthChecks(false);
      return text('OK');
    },
  },
  {
    path: '/drain_listeners',
    help: 'stop accepting (?inboundonly; ?graceful: drain first, and end then unless ?skip_exit)',
    mutates: true,
    answer(query, { proxy, quit, drain = {} }) {
      const isGraceful = query.has('graceful');
      if (query.has('skip_exit') && !isGraceful) return text('skip_exit is only for graceful drains', 400);
      // The answer must not wait for what may take minutes; how it goes shows in /ready and /listeners.
      if (isGraceful) {
        const { deadlineMs = defaultDrainMs, strategy = 'gradual' } = drain;
        void proxy.drain({ graceMs: deadlineMs, deadlineMs, strategy }).then(() => (query.has('skip_exit') ? undefined : quit()));
      } else {
        void proxy.stopAccepting({ inboundOnly: query.has('inboundonly') });
      }
      return text('OK');
    },
  },
  {
    path: '/quitquitquit',
    help: 'end the process in order',
    mutates: true,
    answer(_query, { quit }) {
      quit();
      return text('OK');
    },
  },
  {
    path: '/logging',
    help: `set the log level (?level=${logLevels.join('|')})`,
    mutates: true,
    answer(query, { setLogLevel }) {
      const wanted = query.get('level');
      const level = logLevels.find((candidate): candidate is LogLevel => candidate === wanted);
      if (level === undefined) return text(`level must be one of ${logLevels.join(', ')}`, 400);
      if (!setLogLevel) return text('the log level of this process is fixed', 501);
      setLogLevel(level);
      return text(`active log level: ${level}`);
    },
  },
];
