/** A component's logger, whose lines are observations. Debug lines are left out. */
import type { Clock, LogFields, Logger } from '@sluice/kernel';
import type { Observations } from '../observation.ts';

export function createObservedLogger(observations: Observations, clock: Clock, process: string, bindings: LogFields = {}): Logger {
  const write = (level: string) => (event: string, fields?: LogFields) =>
    observations.tell({ at: clock.now(), kind: 'log', process, level, event, fields: { ...bindings, ...fields } });
  return {
    debug() {},
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (more) => createObservedLogger(observations, clock, process, { ...bindings, ...more }),
  };
}
