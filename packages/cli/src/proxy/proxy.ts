/** `sluice proxy`: the engine alone, from a bootstrap file. Ends on SIGTERM when what runs has finished. */
import { createMeter, formatAddress, formatProblem, systemClock, systemRandom, systemTimers, type Problem } from '@sluice/kernel';
import { createAccessLogOpener, createSystemNetwork, createSystemResolver, loadBootstrapFile, standardFilters as filters, startBootstrapProxy, validateBootstrapFile, type BootstrapProxy } from '@sluice/proxy';
import { logLevels, openLogger, type LogLevel } from '@sluice/telemetry';

/** Flags as typed. */
export interface ProxyFlags {
  readonly configPath: string;
  readonly mode: 'serve' | 'validate';
  readonly logLevel: string;
  readonly drainTimeS: string;
}

/** Fulfils with the exit code: 0 when it ended in order or the file is good, 1 when it is not, 2 for wrong usage. */
export async function runProxy(flags: ProxyFlags): Promise<number> {
  const level = logLevels.find((name) => name === flags.logLevel);
  const drainSeconds = Number(flags.drainTimeS);
  if (level === undefined || !(drainSeconds >= 0)) {
    process.stderr.write(`--log-level is one of ${logLevels.join(', ')}, --drain-time-s a number of seconds\n`);
    return 2;
  }
  return flags.mode === 'validate' ? validate(flags.configPath) : serve(flags.configPath, level, drainSeconds * 1000);
}

async function validate(file: string): Promise<number> {
  const checked = await validateBootstrapFile(file, filters);
  report(checked.problems);
  if (checked.ok) process.stdout.write(`${file}: OK\n`);
  return checked.ok ? 0 : 1;
}

async function serve(file: string, level: LogLevel, drainMs: number): Promise<number> {
  const loaded = await loadBootstrapFile(file, filters);
  report(loaded.problems);
  if (!loaded.ok) return 1;
  const logging = await openLogger({ name: 'proxy', level, clock: systemClock });
  const { logger } = logging;
  const surroundings = { clock: systemClock, timers: systemTimers, random: systemRandom, logger, meter: createMeter() };
  const quit = Promise.withResolvers<void>();
  const started = await startBootstrapProxy({
    ...surroundings,
    loaded: loaded.value,
    filters,
    network: await createSystemNetwork({ timers: systemTimers, logger, platform: process.platform }),
    createResolver: (settings) => createSystemResolver(systemClock, settings),
    openAccessLog: createAccessLogOpener(
      surroundings.meter.counter('sluice_access_log_dropped_total', 'Access-log writes dropped because the log could not keep up.'),
      surroundings.meter.counter('sluice_access_log_failed_total', 'Access-log files that could not be written.'),
    ),
    version: '0.1.0',
    quit: quit.resolve,
  });
  report(started.problems);
  if (!started.ok) return 1;
  announce(started.value);
  process.once('SIGTERM', quit.resolve);
  process.once('SIGINT', quit.resolve);
  await quit.promise;
  await started.value.drain({ deadlineMs: drainMs });
  logging.flush();
  return 0;
}

function announce({ proxy, adminAddress }: BootstrapProxy): void {
  for (const { name, address } of proxy.listeners()) process.stderr.write(`${name} listens on ${address}\n`);
  if (adminAddress) process.stderr.write(`admin on http://${formatAddress(adminAddress)}\n`);
}

function report(problems: readonly Problem[]): void {
  for (const found of problems) process.stderr.write(`${found.severity}: ${formatProblem(found)}\n`);
}
