/** Runs the activator until it is told to stop. */
import { createMeter, describeSettingProblems, giveBackStartMemory, systemClock as clock, systemRandom as random, systemTimers as timers } from '@sluice/kernel';
import { createAccessLogOpener, createRequestLog, createSystemNetwork, findTemplateFault, loadRegexEngine, type RequestLog } from '@sluice/proxy';
import { openLogger, openTracer, readTracerSettings, startMetricsServer, withMetricNames } from '@sluice/telemetry';
import { loadCodec, openChannelTls, openGrpcTransport } from '@sluice/xds';
import { composeActivator } from './compose.ts';
import { readSettings } from './config.ts';
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
  const activator = composeActivator({ settings, transport, codec, regexEngine, network, clock, timers, random, logger, meter, tracer, requestLog: openRequestLog(settings.requestLogTemplate) });
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

  /** A template that cannot be read costs the log and nothing else. */
  function openRequestLog(template: string): RequestLog | undefined {
    if (template === '') return undefined;
    const fault = findTemplateFault(template);
    if (fault === undefined) {
      const lost = (reason: string) => meter.counter('sluice_access_log_lost_total', 'Pieces of access log that were not written.', { reason });
      return createRequestLog({ template, logsProbes: false, output: createAccessLogOpener(lost('slow'), lost('failed'))('/dev/stdout'), timers });
    }
    logger.error('request log not written', { template, reason: fault });
    return undefined;
  }

  async function stop(): Promise<void> {
    await activator.drain();
    await tracer.close();
    transport.close();
    await metrics.close();
    logging.flush();
    process.exit(0);
  }
}
