/** `node src/main.ts`: the config service as a process. */
import { createMeter, describeSettingProblems, systemClock, systemRandom, systemTimers } from '@sluice/kernel';
import { connectToCluster } from '@sluice/kubernetes';
import { LiveTelemetry, openLogger, startMetricsServer } from '@sluice/telemetry';
import { loadCodec, openGrpcServer } from '@sluice/xds';

import { composeConfigServer } from './compose.ts';
import { readConfigServerSettings } from './config.ts';
import { followServerTls } from './server-tls.ts';

void main();

async function main(): Promise<void> {
  const settings = readConfigServerSettings(process.argv.slice(2), process.env);
  if (!settings.ok) {
    process.stderr.write(describeSettingProblems('config-server', settings.problems));
    process.exit(2);
  }
  const { listen, metricsHost, metricsPort, profilingPort, logLevel, tls, connectionAgeMaxMs, ...rest } = settings.value;
  const shared = { clock: systemClock, timers: systemTimers, random: systemRandom, meter: createMeter() };
  const logging = await openLogger({ name: 'config-server', level: logLevel, clock: systemClock });
  const telemetry = new LiveTelemetry({
    ...shared,
    resource: { 'service.name': 'config-server', 'service.instance.id': rest.identity, 'k8s.namespace.name': rest.systemNamespace },
    profiler: { host: metricsHost, port: profilingPort },
    logging,
    logger: logging.logger,
  });
  const codec = await loadCodec('admin');
  const service = composeConfigServer({
    ...shared,
    ...rest,
    logger: logging.logger,
    onTelemetry: (settings) => telemetry.apply(settings),
    codec,
    client: await connectToCluster({ environment: process.env, fieldManager: 'sluice-config-server', clock: systemClock, timers: systemTimers, meter: shared.meter }),
    listen: (handlers) =>
      openGrpcServer({
        address: listen,
        codec,
        handlers,
        timers: systemTimers,
        ...(tls === undefined ? {} : { tls: followServerTls(tls, logging.logger) }),
        ...(connectionAgeMaxMs === 0 ? {} : { connectionAgeMaxMs }),
      }),
  });

  // Before anything is listened on: whoever sees the port may want us gone again.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      // Whatever a stop may wait for, the process must go.
      void service.stop().then(() => telemetry.close()).finally(() => process.exit(0));
    });
  }

  await service.start().catch((error: unknown) => {
    logging.logger.error('config service not started', { error });
    process.exit(1);
  });
  if (metricsPort !== 0) {
    await startMetricsServer({
      host: metricsHost,
      port: metricsPort,
      meter: shared.meter,
      logger: logging.logger,
      logging,
      processMetrics: true,
      isReady: () => service.isReady,
    });
  }
}
