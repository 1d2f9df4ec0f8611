/** Runs the autoscaler until it is told to stop. */
import { createWriteStream } from 'node:fs';
import { createMeter, describeSettingProblems, systemClock as clock, systemRandom as random, systemTimers as timers } from '@sluice/kernel';
import { connectToCluster } from '@sluice/kubernetes';
import { createSystemNetwork } from '@sluice/proxy';
import { LiveTelemetry, openLogger, startMetricsServer, withMetricNames } from '@sluice/telemetry';
import { loadCodec, openChannelTls, openGrpcTransport } from '@sluice/xds';
import { composeAutoscaler } from './compose.ts';
import { readSettings } from './config.ts';

void main();

async function main(): Promise<void> {
  const settings = readSettings(process.argv.slice(2), process.env);
  if (!settings.ok) {
    process.stderr.write(describeSettingProblems('autoscaler', settings.problems));
    process.exit(2);
  }
  const { configService, configServiceTls, metricsHost, metricsPort, statsPort, scrape, leaderElection, podIp, recordLoad, systemNamespace, podName, metricNames, profilingPort, logLevel } = settings.value;
  const logging = await openLogger({ name: 'autoscaler', level: logLevel, clock });
  const { logger } = logging;
  const meter = withMetricNames(createMeter(), metricNames);
  const telemetry = new LiveTelemetry({
    resource: { 'service.name': 'autoscaler', 'service.instance.id': podName, 'k8s.namespace.name': systemNamespace },
    profiler: { host: metricsHost, port: profilingPort },
    logging,
    logger,
    meter,
    clock,
    timers,
  });
  const client = await connectToCluster({ environment: process.env, fieldManager: 'sluice-autoscaler', clock, timers, meter });
  const codec = await loadCodec('load');
  // Replicas are called by their addresses, and each shows that it is the Service.
  const tls = await openChannelTls({ settings: configServiceTls, address: configService ?? '', logger });
  if (!tls.ok) {
    process.stderr.write(describeSettingProblems('autoscaler', tls.problems));
    process.exit(2);
  }
  // The plain way of reading is quick enough here, and the engine's needs a self-test on some systems.
  const network = await createSystemNetwork({ timers, logger, transport: 'events', platform: process.platform });
  const recording = recordLoad === undefined ? undefined : createWriteStream(recordLoad, { flags: 'a' });
  recording?.on('error', (error) => logger.error('load not recorded', { path: recordLoad, error }));
  const autoscaler = composeAutoscaler({
    client,
    configService,
    openLoad: (address) => openGrpcTransport({ address, codec, timers, tls: tls.value }),
    network,
    ...(statsPort === 0 ? {} : { statsAddress: { host: metricsHost, port: statsPort } }),
    scrape,
    podIp: leaderElection ? podIp : undefined,
    recordLoad: recording && ((line) => void recording.write(line)),
    systemNamespace,
    identity: podName,
    clock,
    timers,
    random,
    logger,
    meter,
    onTelemetry: (settings) => telemetry.apply(settings),
  });
  const metrics = await startMetricsServer({
    host: metricsHost,
    port: metricsPort,
    meter,
    logger,
    logging,
    processMetrics: true,
    isReady: () => autoscaler.hasSynced,
    pages: { '/decisions': (query) => autoscaler.decisions(query.get('revision') ?? undefined) },
  });

  process.once('SIGTERM', () => void stop());
  process.once('SIGINT', () => void stop());
  await autoscaler.start();

  async function stop(): Promise<void> {
    await autoscaler.stop();
    await Promise.all([client.close(), metrics.close(), telemetry.close()]);
    logging.flush();
    process.exit(0);
  }
}
