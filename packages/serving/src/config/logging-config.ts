/** `config-logging`: how much components say. */
import type { Checked } from '@sluice/kernel';
import { ConfigReader, isCommentKey, type ConfigData } from './config-reader.ts';

export interface LoggingConfig {
  /** Knative's configuration of its logger, JSON. Handed to sidecars as it is. */
  readonly loggerConfig: string;
  /** Levels by component, such as `queueproxy`; a component without one says what `loggerConfig` says. */
  readonly levels: Readonly<Record<string, LoggingLevel>>;
}

const levels = ['debug', 'info', 'warn', 'error', 'dpanic', 'panic', 'fatal'] as const;

export type LoggingLevel = (typeof levels)[number];

export const defaultLogging: LoggingConfig = { loggerConfig: '', levels: {} };

const levelPrefix = 'loglevel.';

export function readLoggingConfig(data: ConfigData): Checked<LoggingConfig> {
  const reader = new ConfigReader(data);
  const byComponent: Record<string, LoggingLevel> = {};
  for (const key of Object.keys(data)) {
    if (isCommentKey(key) || !key.startsWith(levelPrefix)) continue;
    // An empty level is none.
    if (data[key] !== '') byComponent[key.slice(levelPrefix.length)] = reader.choice(key, levels, 'info');
  }
  const loggerConfig = reader.text('zap-logger-config', '');
  if (loggerConfig !== '' && !isJson(loggerConfig)) reader.complain('zap-logger-config', 'invalid value: it is no JSON');
  return reader.result({ loggerConfig, levels: byComponent });
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
