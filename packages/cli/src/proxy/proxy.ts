/** `sluice proxy`: the engine alone, from a bootstrap. Ends on SIGTERM when what runs has finished. */
import { hostname } from 'node:os';
import { writeFile } from 'node:fs/promises';
import { afterFirstRequest, createMeter, formatAddress, formatProblem, giveBackStartMemory, holdProcess, systemClock, systemRandom, systemTimers, type Meter, type Problem, type SpanOrigin } from '@sluice/kernel';
import { createAccessLogOpener, createFileWatcher, createSystemNetwork, createSystemResolver, lateStandardFilters as filters, loadBootstrap, startBootstrapProxy, validateBootstrap, type BootstrapInput, type BootstrapProxy } from '@sluice/proxy';
import type { Bootstrap } from '@sluice/resources';
import { openTracer, readTracerSettings, type OpenTracer, type TracerSettings } from '@sluice/telemetry';
import { LateConfigServices } from './config-service/late-config-services.ts';
import { LoadReporting } from './config-service/load-reporting.ts';
import { readFlags, readLevel, type ProxyFlags, type ProxySettings } from './flags.ts';
import { keepToFiles } from './keep-to-files.ts';
import { LateLogging } from './late-logging.ts';

/** Fulfils with the exit code: 0 when it ended in order or the file is good, 1 when it is not, 2 for wrong usage. */
export async function runProxy(flags: ProxyFlags): Promise<number> {
  const { settings, problems, warnings } = readFlags(flags);
  for (const problem of problems) say(`error: ${problem}`);
  if (!settings) return 2;
  for (const warning of warnings) say(`warning: ${warning}`);
  return settings.mode === 'validate' ? validate(settings.input) : run(settings);
}

async function validate(input: BootstrapInput): Promise<number> {
  const checked = await validateBootstrap(input, filters, process.env);
  report(checked.problems);
  if (checked.ok) process.stdout.write(`${input.path ?? '--config-yaml'}: OK\n`);
  return checked.ok ? 0 : 1;
}

async function run(settings: ProxySettings): Promise<number> {
  const logging = new LateLogging(settings.logLevel);
  const quit = Promise.withResolvers<void>();
  const meter = createMeter();
  const started = await start(settings, logging, meter, quit.resolve);
  if (!started) {
    await logging.open();
    logging.flush();
    return 1;
  }
  const { running, tracer, bootstrap } = started;
  // What it listens on may be still to come.
  const letGo = holdProcess();
  endOnSignals(quit.resolve);
  announce(running);
  if (settings.adminAddressPath !== undefined && running.adminAddress) await writeFile(settings.adminAddressPath, formatAddress(running.adminAddress));
  const load = new LoadReporting({ bootstrap, running, timers: systemTimers, random: systemRandom, logger: logging.logger, meter, environment: process.env });
  if (settings.mode === 'serve') load.start();
  if (settings.mode === 'serve') await Promise.race([afterFirstRequest(), quit.promise]);
  await logging.open();
  giveBackStartMemory();
  if (settings.mode === 'init_only') {
    await running.stop();
    letGo();
    say('initialised, as was asked for');
    return 0;
  }
  const files = keepToFiles(settings.input, running, say);
  await quit.promise;
  letGo();
  files.stop();
  load.stop();
  await running.drain(settings.drain);
  await tracer.close();
  logging.flush();
  return 0;
}

async function start(settings: ProxySettings, logging: LateLogging, meter: Meter, quit: () => void): Promise<{ readonly running: BootstrapProxy; readonly tracer: OpenTracer; readonly bootstrap: Bootstrap } | undefined> {
  const loaded = await loadBootstrap(settings.input, filters);
  report(loaded.problems);
  if (!loaded.ok) return undefined;
  const { logger } = logging;
  const tracer = openTracer({ ...tracerSettings(loaded.value.bootstrap.tracing), timers: systemTimers, logger, meter });
  const poisonsMemory = process.env['SLUICE_POISON_MEMORY'] === '1';
  const started = await startBootstrapProxy({
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    logger,
    meter,
    tracer,
    loaded: loaded.value,
    filters,
    network: await createSystemNetwork({ timers: systemTimers, logger, platform: process.platform, poisonsMemory }),
    createResolver: (dns) => createSystemResolver(systemClock, dns, meter),
    openAccessLog: createAccessLogOpener(
      meter.counter('sluice_access_log_dropped_total', 'Access-log writes dropped because the log could not keep up.'),
      meter.counter('sluice_access_log_failed_total', 'Access-log files that could not be written.'),
    ),
    version: '0.1.0',
    environment: process.env,
    hostName: hostname(),
    watcher: createFileWatcher(systemTimers),
    createSource: (bootstrap) =>
      new LateConfigServices({ bootstrap, clock: systemClock, timers: systemTimers, random: systemRandom, logger, meter, cachePath: settings.configCachePath, environment: process.env }),
    onFileRead: (path, problems) => {
      report(problems);
      say(problems.length === 0 ? `${path} read` : `${path} read: what is wrong in it was left as it was`);
    },
    commandLineOptions: settings.commandLineOptions,
    allowsAdminChanges: settings.allowsAdminChanges,
    unknownDynamicFields: settings.unknownDynamicFields,
    ...(settings.logFlushMs === undefined ? {} : { logDelayMsMax: settings.logFlushMs }),
    setLogLevel: (level) => logging.setLevel(readLevel(level)),
    workers: { count: settings.concurrency, settings: { poisonsMemory, ...(settings.logFlushMs === undefined ? {} : { logDelayMsMax: settings.logFlushMs }) } },
    drain: settings.drain,
    quit,
  });
  report(started.problems);
  return started.ok ? { running: started.value, tracer, bootstrap: loaded.value.bootstrap } : undefined;
}

/** The bootstrap's words first, then the environment's. */
function tracerSettings(provider: SpanOrigin | undefined): TracerSettings {
  const { serviceName, endpoint } = readTracerSettings(process.env, 'proxy');
  return { serviceName: provider?.serviceName || serviceName, endpoint: provider?.collector || endpoint };
}

/** The second time it ends at once. */
function endOnSignals(quit: () => void): void {
  let isEnding = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (isEnding) process.exit(130);
      isEnding = true;
      quit();
    });
  }
}

function announce({ proxy, adminAddress }: BootstrapProxy): void {
  for (const { name, address } of proxy.listeners()) say(`${name} listens on ${address}`);
  if (adminAddress) say(`admin on http://${formatAddress(adminAddress)}`);
}

function report(problems: readonly Problem[]): void {
  for (const found of problems) say(`${found.severity}: ${formatProblem(found)}`);
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
