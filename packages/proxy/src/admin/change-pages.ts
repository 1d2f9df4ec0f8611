/** Pages that change something. They answer to POST only, and only where the admin server allows changes. */
import { logLevels, text, type AdminPage, type LogLevel } from './admin-page.ts';

/** How long streams may finish after `/drain_listeners`, in ms. As Envoy's `--drain-time-s`. */
const drainDeadlineMs = 600_000;

export const changePages: readonly AdminPage[] = [
  {
    path: '/healthcheck/fail',
    help: 'let /ready fail, so that no new traffic is sent here',
    mutates: true,
    answer(_query, { health }) {
      health.isFailing = true;
      return text('OK');
    },
  },
  {
    path: '/healthcheck/ok',
    help: 'undo /healthcheck/fail',
    mutates: true,
    answer(_query, { health }) {
      health.isFailing = false;
      return text('OK');
    },
  },
  {
    path: '/drain_listeners',
    help: 'stop accepting and let what runs finish (?graceful: accept until the drain time is over)',
    mutates: true,
    answer(query, { proxy }) {
      const graceMs = query.has('graceful') ? drainDeadlineMs : 0;
      // The answer must not wait for what may take minutes; how it goes shows in /ready and /listeners.
      void proxy.drain({ graceMs, deadlineMs: drainDeadlineMs });
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
