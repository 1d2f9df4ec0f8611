/** Runs the activator until it is told to stop. */
import { createMeter, describeSettingProblems, giveBackStartMemory, systemClock as clock, systemRandom as random, systemTimers as timers } from '@sluice/kernel';
import { createSystemNetwork, loadRegexEngine } from '@sluice/proxy';
import { LiveTelemetry, openLogger, openTracer, readTelemetrySettings, readTracerSettings, startMetricsServer, withMetricNames } from '@sluice/telemetry';
import { loadCodec, openChannelTls, openGrpcTransport } from '@sluice/xds';
import { composeActivator } from './compose.ts';
import { readSettings } from './config.ts';
import { LiveRequestLog } from './live-request-log.ts';
import { olderPodLabels } from './revision-table.ts';

void main();

async function main(): Promise<void> {
  const checked = readSettings(process.argv.slice(2), process.env);
  if (!checked.ok) {
    process.stderr.write(describeSettingProblems('activator', checked.problems));
    process.exit(2);
  }
  const settings = checked.value;
  const logging = await openLogger({ name: 'activator', level: settings.logLevel, clock });
  const { logger } = logging;
  const meter = withMetricNames(createMeter(), settings.metricNames, olderPodLabels(settings.identity));
  const tracer = openTracer({ ...readTracerSettings(process.env, 'activator'), timers, logger, meter });
  const codec = await loadCodec('core');
  const { configService: address, configServiceTls } = settings;
  const tls = await openChannelTls({ settings: configServiceTls, address, logger });
  if (!tls.ok) {
    process.stderr.write(describeSettingProblems('activator', tls.problems));
    process.exit(2);
  }
  const transport = await openGrpcTransport({ address, codec, timers, tls: tls.value });
  const network = await createSystemNetwork({ timers, logger, transport: settings.transport, platform: process.platform, poisonsMemory: process.env['SLUICE_POISON_MEMORY'] === '1' });
  const regexEngine = await loadRegexEngine();
  const requestLog = new LiveRequestLog({ timers, logger, meter, template: settings.requestLogTemplate });
  const telemetry = new LiveTelemetry({
    resource: { 'service.name': 'activator', 'service.instance.id': settings.identity.pod, 'k8s.namespace.name': settings.identity.namespace },
    profiler: { host: settings.metricsHost, port: settings.profilingPort },
    logging,
    logger,
    meter,
    clock,
    timers,
  });
  const activator = composeActivator({
    settings,
    transport,
    codec,
    regexEngine,
    network,
    clock,
    timers,
    random,
    logger,
    meter,
    tracer,
    requestLog: () => requestLog.current,
    onTelemetry(said) {
      const wanted = readTelemetrySettings(said);
      telemetry.apply(wanted);
      requestLog.apply(wanted.requestLog);
    },
  });
  const metrics = await startMetricsServer({
    host: settings.metricsHost,
    port: settings.metricsPort,
    meter,
    logger,
    logging,
    processMetrics: true,
    isReady: () => activator.proxy.ready,
  });

  process.once('SIGTERM', () => void stop());
  process.once('SIGINT', () => void stop());
  activator.start();
  logger.info('asking the config service', { address });
  giveBackStartMemory();

  async function stop(): Promise<void> {
    await activator.drain();
    await Promise.all([tracer.close(), telemetry.close()]);
    transport.close();
    await metrics.close();
    logging.flush();
    process.exit(0);
  }
}
