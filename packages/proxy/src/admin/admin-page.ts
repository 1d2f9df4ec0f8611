/** What a page of the admin server is, and what pages are given to answer with. */
import type { Clock, Meter } from '@sluice/kernel';
import type { Node } from '@sluice/resources';
import type { ConfigStore } from '../config/config-store.ts';
import type { StatsFilter } from '../config/stats-config.ts';
import type { DrainOptions, Proxy } from '../proxy-options.ts';
import type { Runtime } from '../runtime/runtime.ts';

export interface AdminPage {
  readonly path: string;
  /** One line for `/help`. */
  readonly help: string;
  /** Changes something: asked for by POST only, and only where changes are allowed. */
  readonly mutates: boolean;
  answer(query: URLSearchParams, context: AdminContext): AdminResponse | Promise<AdminResponse>;
}

export interface AdminResponse {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export interface AdminContext {
  readonly proxy: Proxy;
  /** Where `/config_dump` reads; undefined shows an empty dump. */
  readonly store: ConfigStore | undefined;
  readonly meter: Meter;
  readonly clock: Clock;
  /** The bootstrap as JSON, for dumps. */
  readonly bootstrap: unknown;
  readonly node: Node | undefined;
  /** What `/server_info` calls us. */
  readonly version: string;
  /** What the process was started with, for `/server_info`. */
  readonly commandLineOptions: Readonly<Record<string, unknown>>;
  /** When the process began, on the clock's `now()`. */
  readonly startedAt: number;
  /** How `/drain_listeners?graceful` drains. Default: gradually, in Envoy's 600 s. */
  readonly drain?: DrainOptions | undefined;
  /** Sets the level of all loggers; undefined where there is nothing to set. */
  readonly setLogLevel: ((level: LogLevel) => void) | undefined;
  /** What `/runtime` shows. Default an empty one. */
  readonly runtime?: Runtime | undefined;
  /** Hides statistics. Undefined: all are shown. */
  readonly filterStats?: StatsFilter | undefined;
  /** Begins the end of the process. */
  readonly quit: () => void;
}

export const logLevels = ['trace', 'debug', 'info', 'warning', 'error', 'critical', 'off'] as const;

export type LogLevel = (typeof logLevels)[number];

export function text(body: string, status = 200): AdminResponse {
  return { status, contentType: 'text/plain; charset=UTF-8', body: body.endsWith('\n') ? body : `${body}\n` };
}

export function json(value: unknown): AdminResponse {
  return { status: 200, contentType: 'application/json', body: `${JSON.stringify(value, undefined, 1)}\n` };
}

export function escapeHtml(value: string): string {
  return value.replace(/[&<>"]/g, (found) => `&#${found.charCodeAt(0)};`);
}

/** `1.5s`: a duration as proto3 JSON writes it. */
export function durationText(ms: number): string {
  return `${Math.floor(ms) / 1000}s`;
}
