/** `config-logging`: how much components say. */
import type { Checked } from '@sluice/kernel';
import { ConfigReader, isCommentKey, type ConfigData } from './config-reader.ts';

export interface LoggingConfig {
  /** Knative's configuration of its logger, JSON. Handed to sidecars as it is. */
  readonly loggerConfig: string;
  /** What that says of the level. Undefined: nothing. */
  readonly level: LoggingLevel | undefined;
  /** Levels by component, such as `queueproxy`; a component without one says what `loggerConfig` says. */
  readonly levels: Readonly<Record<string, LoggingLevel>>;
}

const levels = ['debug', 'info', 'warn', 'error', 'dpanic', 'panic', 'fatal'] as const;

export type LoggingLevel = (typeof levels)[number];

export const defaultLogging: LoggingConfig = { loggerConfig: '', level: undefined, levels: {} };

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
  const level = loggerConfig === '' ? undefined : readLevel(loggerConfig, (complaint) => reader.complain('zap-logger-config', complaint));
  return reader.result({ loggerConfig, level, levels: byComponent });
}

function readLevel(loggerConfig: string, complain: (complaint: string) => void): LoggingLevel | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(loggerConfig);
  } catch {
    complain('invalid value: it is no JSON');
    return undefined;
  }
  const said = typeof parsed === 'object' && parsed !== null && 'level' in parsed ? parsed.level : undefined;
  const level = levels.find((known) => known === said);
  if (said !== undefined && said !== '' && level === undefined) complain(`invalid value: level ${JSON.stringify(said)}, want ${levels.slice(0, -1).join(', ')} or ${levels.at(-1)}`);
  return level;
}
