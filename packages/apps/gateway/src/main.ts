/** Runs the gateway until it is told to stop. */
import { createMeter, describeSettingProblems, giveBackStartMemory, holdProcess, systemClock as clock, systemRandom as random, systemTimers as timers } from '@sluice/kernel';
import { createAccessLogOpener, createFleet, createSystemNetwork, createSystemResolver, loadRegexEngine, createThreads, type Fleet } from '@sluice/proxy';
import { LiveTelemetry, openLogger, openTracer, readTelemetrySettings, readTracerSettings } from '@sluice/telemetry';
import { loadCodec, openChannelTls, openGrpcTransport } from '@sluice/xds';
import { openAdmin } from './admin.ts';
import { composeGateway } from './compose.ts';
import { readSettings } from './config.ts';

void main();

async function main(): Promise<void> {
  const startedAt = clock.now();
  const checked = readSettings(process.argv.slice(2), process.env);
  if (!checked.ok) {
    process.stderr.write(describeSettingProblems('gateway', checked.problems));
    process.exit(2);
  }
  const settings = checked.value;
  const logging = await openLogger({ name: 'gateway', level: settings.logLevel, clock });
  const { logger } = logging;
  const meter = createMeter();
  const lost = (reason: string) => meter.counter('sluice_access_log_lost_total', 'Pieces of access log that were not written.', { reason });
  const openAccessLog = createAccessLogOpener(lost('slow'), lost('failed'));
  const poisonsMemory = process.env['SLUICE_POISON_MEMORY'] === '1';
  const tracer = openTracer({ ...readTracerSettings(process.env, 'sluice-gateway'), timers, logger, meter });
  const codec = await loadCodec('core');
  const { configService: address, configServiceTls } = settings;
  const tls = await openChannelTls({ settings: configServiceTls, address, logger });
  if (!tls.ok) {
    process.stderr.write(describeSettingProblems('gateway', tls.problems));
    process.exit(2);
  }
  const transport = await openGrpcTransport({ address, codec, timers, tls: tls.value });
  const network = await createSystemNetwork({ timers, logger, transport: settings.transport, poisonsMemory, platform: process.platform });
  const fleet = await openFleet();
  meter.gauge('envoy_server_concurrency', 'workers').set(settings.concurrency);
  const { identity, adminHost: host, profilingPort } = settings;
  const telemetry = new LiveTelemetry({
    resource: { 'service.name': 'sluice-gateway', 'service.instance.id': identity.pod, 'k8s.namespace.name': identity.namespace },
    profiler: { host, port: profilingPort },
    logging,
    logger,
    // Of all workers, where there are several.
    meter: fleet?.meter ?? meter,
    clock,
    timers,
  });
  const gateway = composeGateway({
    fleet,
    settings,
    transport,
    codec,
    regexEngine: await loadRegexEngine(),
    network,
    resolver: createSystemResolver(clock, undefined, meter),
    clock,
    timers,
    random,
    logger,
    meter,
    tracer,
    onTelemetry: (said) => telemetry.apply(readTelemetrySettings(said)),
    ...(settings.accessLog === 'off' ? {} : { openAccessLog }),
  });
  const admin = await openAdmin({ gateway, fleet, settings, clock, meter, startedAt, logging, quit: () => void stop() });

  process.once('SIGTERM', () => void stop());
  process.once('SIGINT', () => void stop());
  // Without a port for the admin pages nothing but the config service's answers would keep it.
holdProcess();
gateway.start();
  logger.info('asking the config service', { address });
  giveBackStartMemory();

  /** With a concurrency of 1 this thread serves. */
  async function openFleet(): Promise<Fleet | undefined> {
    const { concurrency: workers, transport: accept, accessLog } = settings;
    if (workers === 1) return undefined;
    const startWorker = createThreads({ workers, nodeCluster: 'sluice-gateway', transport: accept, poisonsMemory, writesAccessLogs: accessLog !== 'off', passesSpans: true });
    return createFleet({ workers, startWorker, network, timers, logger, meter, tracer });
  }

  async function stop(): Promise<void> {
    await gateway.drain();
    await Promise.all([tracer.close(), telemetry.close()]);
    transport.close();
    await admin?.stop();
    logging.flush();
    process.exit(0);
  }
}
