/** The flags of `sluice proxy`: Envoy's where it has them, read into settings, with everything wrong said at once. */
import type { BootstrapInput, DrainStrategy } from '@sluice/proxy';
import type { LogLevel } from '@sluice/telemetry';

/** As commander gives them. */
export interface ProxyFlags {
  readonly configPath?: string;
  readonly configYaml?: string;
  readonly mode: string;
  readonly concurrency: string;
  readonly logLevel: string;
  readonly componentLogLevel?: string;
  readonly logFormat?: string;
  readonly drainTimeS: string;
  readonly drainGraceS: string;
  readonly drainStrategy: string;
  readonly parentShutdownTimeS?: string;
  readonly baseId?: string;
  readonly serviceCluster?: string;
  readonly serviceNode?: string;
  readonly serviceZone?: string;
  readonly fileFlushIntervalMsec?: string;
  readonly allowUnknownStaticFields?: boolean;
  readonly rejectUnknownDynamicFields?: boolean;
  readonly ignoreUnknownDynamicFields?: boolean;
  readonly adminAddressPath?: string;
  readonly allowAdminChanges?: boolean;
  readonly configCachePath?: string;
}

export type ProxyMode = 'serve' | 'validate' | 'init_only';

export interface ProxySettings {
  readonly input: BootstrapInput;
  readonly mode: ProxyMode;
  /** Worker threads; 1 is this thread. */
  readonly concurrency: number;
  readonly logLevel: LogLevel;
  readonly drain: { readonly graceMs: number; readonly deadlineMs: number; readonly strategy: DrainStrategy };
  /** How long an access-log line may wait; undefined leaves it to the engine. */
  readonly logFlushMs: number | undefined;
  /** What a field of a dynamic resource means that nobody knows. */
  readonly unknownDynamicFields: 'error' | 'warning';
  /** A file to which the admin server's address is written. */
  readonly adminAddressPath: string | undefined;
  readonly allowsAdminChanges: boolean;
  /** A file in which what config services said last outlives the process. Ours. */
  readonly configCachePath: string | undefined;
  /** For `/server_info`. */
  readonly commandLineOptions: Readonly<Record<string, unknown>>;
}

export interface ReadFlags {
  /** Undefined when something is wrong. */
  readonly settings: ProxySettings | undefined;
  readonly problems: readonly string[];
  /** What was accepted and has no effect. */
  readonly warnings: readonly string[];
}

/** Envoy's levels, as ours. */
const levels: Readonly<Record<string, LogLevel>> = { trace: 'debug', debug: 'debug', info: 'info', warning: 'warn', warn: 'warn', error: 'error', critical: 'error', off: 'error' };

/** Of what the admin pages say. */
export function readLevel(level: string): LogLevel {
  return levels[level] ?? 'info';
}

export function readFlags(flags: ProxyFlags): ReadFlags {
  const problems: string[] = [];
  const number = (flag: string, text: string, min: number): number => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (!Number.isInteger(value) || value < min) problems.push(`--${flag} is ${JSON.stringify(text)}, must be a whole number from ${min} on`);
    return value;
  };
  const choice = <T extends string>(flag: string, text: string, allowed: readonly T[]): T => {
    const found = allowed.find((one) => one === text);
    if (found === undefined) problems.push(`--${flag} is ${JSON.stringify(text)}, must be one of ${allowed.join(', ')}`);
    return found ?? (allowed[0] as T);
  };
  if (flags.configPath === undefined && flags.configYaml === undefined) problems.push('a bootstrap is needed: -c FILE or DIRECTORY, or --config-yaml TEXT');
  if (flags.rejectUnknownDynamicFields === true && flags.ignoreUnknownDynamicFields === true) {
    problems.push('--reject-unknown-dynamic-fields and --ignore-unknown-dynamic-fields exclude each other');
  }
  const logLevel = levels[choice('log-level', flags.logLevel, Object.keys(levels))] ?? 'info';
  const deadlineMs = number('drain-time-s', flags.drainTimeS, 0) * 1000;
  const settings: ProxySettings = {
    input: inputOf(flags),
    mode: choice('mode', flags.mode, ['serve', 'validate', 'init_only']),
    concurrency: number('concurrency', flags.concurrency, 1),
    logLevel,
    drain: {
      graceMs: number('drain-grace-s', flags.drainGraceS, 0) * 1000,
      deadlineMs,
      strategy: choice('drain-strategy', flags.drainStrategy, ['gradual', 'immediate']),
    },
    logFlushMs: flags.fileFlushIntervalMsec === undefined ? undefined : number('file-flush-interval-msec', flags.fileFlushIntervalMsec, 1),
    unknownDynamicFields: flags.rejectUnknownDynamicFields === true ? 'error' : 'warning',
    adminAddressPath: flags.adminAddressPath,
    allowsAdminChanges: flags.allowAdminChanges ?? false,
    configCachePath: flags.configCachePath,
    commandLineOptions: commandLineOptions(flags),
  };
  if (settings.drain.graceMs > deadlineMs) problems.push('--drain-grace-s is part of --drain-time-s and cannot be longer');
  for (const [flag, text] of [['parent-shutdown-time-s', flags.parentShutdownTimeS], ['base-id', flags.baseId]] as const) {
    if (text !== undefined) number(flag, text, 0);
  }
  return { settings: problems.length === 0 ? settings : undefined, problems, warnings: warningsOf(flags) };
}

function inputOf(flags: ProxyFlags): BootstrapInput {
  const { serviceNode, serviceCluster, serviceZone } = flags;
  const node = {
    ...(serviceNode === undefined ? {} : { id: serviceNode }),
    ...(serviceCluster === undefined ? {} : { cluster: serviceCluster }),
    ...(serviceZone === undefined ? {} : { locality: { zone: serviceZone } }),
  };
  return {
    ...(flags.configPath === undefined ? {} : { path: flags.configPath }),
    ...(flags.configYaml === undefined ? {} : { overlay: flags.configYaml }),
    ...(Object.keys(node).length === 0 ? {} : { flags: { node } }),
    unknownFields: flags.allowUnknownStaticFields === true ? 'warning' : 'error',
  };
}

function warningsOf(flags: ProxyFlags): readonly string[] {
  const without: readonly (readonly [string, unknown, string])[] = [
    ['component-log-level', flags.componentLogLevel, 'all components log at one level'],
    ['log-format', flags.logFormat, 'logs are JSON lines'],
    ['parent-shutdown-time-s', flags.parentShutdownTimeS, 'there is no hot restart'],
    ['base-id', flags.baseId, 'there is no hot restart'],
  ];
  return without.filter(([, given]) => given !== undefined).map(([flag, , why]) => `--${flag} has no effect: ${why}`);
}

/** Under Envoy's names. */
function commandLineOptions(flags: ProxyFlags): Readonly<Record<string, unknown>> {
  return {
    concurrency: Number(flags.concurrency),
    config_path: flags.configPath ?? '',
    config_yaml: flags.configYaml ?? '',
    log_level: flags.logLevel,
    mode: { serve: 'Serve', validate: 'Validate', init_only: 'InitOnly' }[flags.mode],
    service_cluster: flags.serviceCluster ?? '',
    service_node: flags.serviceNode ?? '',
    service_zone: flags.serviceZone ?? '',
    drain_time: `${flags.drainTimeS}s`,
    drain_strategy: flags.drainStrategy === 'immediate' ? 'Immediate' : 'Gradual',
    allow_unknown_static_fields: flags.allowUnknownStaticFields ?? false,
    reject_unknown_dynamic_fields: flags.rejectUnknownDynamicFields ?? false,
    ignore_unknown_dynamic_fields: flags.ignoreUnknownDynamicFields ?? false,
    admin_address_path: flags.adminAddressPath ?? '',
  };
}
