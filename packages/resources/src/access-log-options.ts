/** `HcmAccessLogOptions`: on which occasions, besides the end of a stream, its lines are written. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';

export interface AccessLogOptions {
  /** A line each time so much has gone by while the stream lasts, in ms; 0 (default) writes none. At least 1 ms. */
  readonly flushIntervalMs: number;
  /** A line when a request has come, before the filters see it. */
  readonly logsNewRequests: boolean;
  /** A line when a tunnel is there. */
  readonly logsTunnels: boolean;
}

export const defaultAccessLogOptions: AccessLogOptions = { flushIntervalMs: 0, logsNewRequests: false, logsTunnels: false };

export function readAccessLogOptions(json: unknown, scope: Scope): AccessLogOptions | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const options: AccessLogOptions = {
    flushIntervalMs: reader.durationMs('access_log_flush_interval', 0),
    logsNewRequests: reader.boolean('flush_access_log_on_new_request', false),
    logsTunnels: reader.boolean('flush_log_on_tunnel_successfully_established', false),
  };
  reader.done();
  return options;
}
