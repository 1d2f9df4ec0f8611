/** Runs the gateway until it is told to stop. */
import { createMeter, describeSettingProblems, systemClock as clock, systemRandom as random, systemTimers as timers } from '@sluice/kernel';
import { createAccessLogOpener, createSystemNetwork, createSystemResolver, loadRegexEngine } from '@sluice/proxy';
import { openLogger } from '@sluice/telemetry';
import { loadCodec, openGrpcTransport } from '@sluice/xds';
import { openAdmin } from './admin.ts';
import { composeGateway } from './compose.ts';
import { readSettings } from './config.ts';

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
const codec = await loadCodec('core');
const transport = await openGrpcTransport({ address: settings.configService, codec });
const network = await createSystemNetwork({ timers, logger, transport: settings.transport, platform: process.platform });
const gateway = composeGateway({
  settings,
  transport,
  codec,
  regexEngine: await loadRegexEngine(),
  network,
  resolver: createSystemResolver(clock),
  clock,
  timers,
  random,
  logger,
  meter,
  ...(settings.accessLog === 'off' ? {} : { openAccessLog }),
});
const admin = await openAdmin({ gateway, settings, clock, meter, startedAt, logging, quit: () => void stop() });

process.once('SIGTERM', () => void stop());
process.once('SIGINT', () => void stop());
gateway.start();

async function stop(): Promise<void> {
  await gateway.drain();
  transport.close();
  await admin?.stop();
  logging.flush();
  process.exit(0);
}
