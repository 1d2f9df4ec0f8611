/** `config-gc`: when Revisions that nobody uses any more are deleted. */
import { parseDuration, type Checked } from '@sluice/kernel';
import { ConfigReader, type ConfigData } from './config-reader.ts';

export interface GcConfig {
  /** A Revision that is younger is kept, in ms. Undefined: age does not count. Default 48 h. */
  readonly retainSinceCreateTimeMs: number | undefined;
  /** One that a route has used more recently is kept, in ms. Undefined: use does not count. Default 15 h. */
  readonly retainSinceLastActiveTimeMs: number | undefined;
  /** So many that nobody uses are kept in any case. Default 20. */
  readonly minNonActiveRevisions: number;
  /** So many at most are kept. Undefined: any number. Default 1000. */
  readonly maxNonActiveRevisions: number | undefined;
}

/** Knative's defaults, in force without a ConfigMap. */
export const defaultGc: GcConfig = {
  retainSinceCreateTimeMs: 172_800_000,
  retainSinceLastActiveTimeMs: 54_000_000,
  minNonActiveRevisions: 20,
  maxNonActiveRevisions: 1000,
};

export function readGcConfig(data: ConfigData): Checked<GcConfig> {
  const reader = new ConfigReader(data);
  const config: GcConfig = {
    retainSinceCreateTimeMs: readPeriod(reader, 'retain-since-create-time', defaultGc.retainSinceCreateTimeMs),
    retainSinceLastActiveTimeMs: readPeriod(reader, 'retain-since-last-active-time', defaultGc.retainSinceLastActiveTimeMs),
    minNonActiveRevisions: reader.integer('min-non-active-revisions', defaultGc.minNonActiveRevisions),
    maxNonActiveRevisions: isOff(reader, 'max-non-active-revisions')
      ? undefined
      : reader.integer('max-non-active-revisions', defaultGc.maxNonActiveRevisions ?? 0),
  };
  const { minNonActiveRevisions: least, maxNonActiveRevisions: most } = config;
  if (most !== undefined && most < least) {
    reader.complain('max-non-active-revisions', `invalid value: ${most}, must not be less than min-non-active-revisions ${least}`);
  }
  return reader.result(config);
}

function readPeriod(reader: ConfigReader, key: string, fallbackMs: number | undefined): number | undefined {
  const text = reader.text(key);
  if (text === undefined || isOff(reader, key)) return text === undefined ? fallbackMs : undefined;
  const valueMs = parseDuration(text.trim());
  if (valueMs !== undefined && valueMs >= 0) return valueMs;
  reader.complain(key, `invalid value: ${text}, want a duration that is not negative, such as 48h, or disabled`);
  return fallbackMs;
}

function isOff(reader: ConfigReader, key: string): boolean {
  return reader.text(key)?.trim().toLowerCase() === 'disabled';
}
