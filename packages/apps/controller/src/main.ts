/** Runs the controllers of serving until told to stop. */
import {
  createMeter,
  describeSettingProblems,
  systemClock as clock,
  systemRandom as random,
  systemTimers as timers,
} from '@sluice/kernel';
import { connectToCluster } from '@sluice/kubernetes';
import { LiveTelemetry, openLogger, startMetricsServer } from '@sluice/telemetry';
import { composeServingController } from './compose.ts';
import { readConfig } from './config.ts';
import { systemFetch } from './images/system-fetch.ts';
import { readSidecarAuthority } from './sidecar-authority.ts';

void main();

async function main(): Promise<void> {
  const config = readConfig(process.argv.slice(2), process.env);
  if (!config.ok) {
    process.stderr.write(describeSettingProblems('controller', config.problems));
    process.exit(2);
  }
  const { authoritySecret, identity, resolvesDigests, podsSeeSecrets, configService, configServiceTls, systemNamespace, gatewayService, metricsHost, metricsPort, podName, profilingPort, logLevel } = config.value;
  const authority = configServiceTls && readSidecarAuthority(configServiceTls);
  if (authority?.ok === false) {
    process.stderr.write(describeSettingProblems('controller', authority.problems));
    process.exit(2);
  }
  const logging = await openLogger({ name: 'controller', level: logLevel, clock });
  const { logger } = logging;
  const meter = createMeter();
  const telemetry = new LiveTelemetry({
    resource: { 'service.name': 'controller', 'service.instance.id': podName, 'k8s.namespace.name': systemNamespace },
    profiler: { host: metricsHost, port: profilingPort },
    logging,
    logger,
    meter,
    clock,
    timers,
  });
  const client = await connectToCluster({ environment: process.env, fieldManager: 'sluice-controller', clock, timers, meter });
  const controller = composeServingController({
    client,
    configService,
    sidecarAuthority: authority?.value,
    authoritySecret,
    registryFetch: resolvesDigests ? systemFetch : undefined,
    podsSeeSecrets,
    systemNamespace,
    gatewayService,
    identity,
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
    isReady: () => controller.hasSynced,
  });
  // While the API server is away nothing else keeps the process alive.
  const staysAlive = setInterval(() => {}, 60_000);

  process.once('SIGTERM', () => void stop());
  process.once('SIGINT', () => void stop());
  await controller.start();

  async function stop(): Promise<void> {
    clearInterval(staysAlive);
    await controller.stop();
    await Promise.all([client.close(), metrics.close(), telemetry.close()]);
    logging.flush();
    process.exit(0);
  }
}
