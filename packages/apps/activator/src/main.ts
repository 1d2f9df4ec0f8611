/** Runs the activator until it is told to stop. */
import { createMeter, describeSettingProblems, giveBackStartMemory, systemClock as clock, systemRandom as random, systemTimers as timers } from '@sluice/kernel';
import { createSystemNetwork, loadRegexEngine } from '@sluice/proxy';
import { openLogger, startMetricsServer } from '@sluice/telemetry';
import { loadCodec, openGrpcTransport } from '@sluice/xds';
import { composeActivator } from './compose.ts';
import { readSettings } from './config.ts';

const checked = readSettings(process.argv.slice(2), process.env);
if (!checked.ok) {
  process.stderr.write(describeSettingProblems('activator', checked.problems));
  process.exit(2);
}
const settings = checked.value;
const logging = await openLogger({ name: 'activator', level: settings.logLevel, clock });
const { logger } = logging;
const meter = createMeter();
const codec = await loadCodec('core');
const transport = await openGrpcTransport({ address: settings.configService, codec });
const network = await createSystemNetwork({ timers, logger, transport: settings.transport, platform: process.platform, poisonsMemory: process.env['SLUICE_POISON_MEMORY'] === '1' });
const regexEngine = await loadRegexEngine();
const activator = composeActivator({ settings, transport, codec, regexEngine, network, clock, timers, random, logger, meter });
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
giveBackStartMemory();

async function stop(): Promise<void> {
  await activator.drain();
  transport.close();
  await metrics.close();
  logging.flush();
  process.exit(0);
}
