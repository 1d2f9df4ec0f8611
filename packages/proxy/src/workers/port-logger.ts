/** A logger whose lines are written by the main thread. */
import type { LogFields, Logger } from '@sluice/kernel';
import type { FromWorker } from './worker-protocol.ts';

export interface PortLogger {
  readonly logger: Logger;
  /** Debug lines are not sent unless somebody wants them. */
  setDebug(isWanted: boolean): void;
}

export function createPortLogger(post: (message: FromWorker) => void): PortLogger {
  let isDebugWanted = false;
  const create = (bindings: LogFields): Logger => {
    const write = (level: 'debug' | 'info' | 'warn' | 'error') => (event: string, fields: LogFields = {}) => {
      if (level !== 'debug' || isDebugWanted) post({ kind: 'log', level, event, fields: sendable({ ...bindings, ...fields }) });
    };
    return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error'), child: (more) => create({ ...bindings, ...more }) };
  };
  return { logger: create({}), setDebug: (isWanted) => void (isDebugWanted = isWanted) };
}

/** Errors pass between threads without their codes, and functions not at all. */
function sendable(fields: LogFields): LogFields {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, value instanceof Error ? value : plain(value)]));
}

function plain(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? (JSON.parse(JSON.stringify(value)) as unknown) : typeof value === 'function' || typeof value === 'symbol' ? String(value) : value;
}
