/** Answers API servers about what is written, until told to stop. */
import { createMeter, describeSettingProblems, systemClock as clock, systemRandom as random, systemTimers as timers } from '@sluice/kernel';
import { connectToCluster } from '@sluice/kubernetes';
import { openLogger, startMetricsServer } from '@sluice/telemetry';
import { composeInjector } from './compose.ts';
import { readSettings } from './config.ts';
import { startReviewServer } from './review-server.ts';

void main();

async function main(): Promise<void> {
  const checked = readSettings(process.argv.slice(2), process.env);
  if (!checked.ok) {
    process.stderr.write(describeSettingProblems('injector', checked.problems));
    process.exit(2);
  }
  const settings = checked.value;
  const logging = await openLogger({ name: 'injector', level: settings.logLevel, clock });
  const { logger } = logging;
  const meter = createMeter();
  const client = await connectToCluster({ environment: process.env, fieldManager: 'sluice-injector', clock, meter });
  const injector = composeInjector({ client, settings, clock, timers, random, logger, meter, onPair: (pair) => server.use(pair) });
  const server = await startReviewServer({ host: settings.host, port: settings.port, reviewers: injector.reviewers, timers, logger, meter });
  let isStopping = false;
  const metrics = await startMetricsServer({
    host: settings.metricsHost,
    port: settings.metricsPort,
    meter,
    logger,
    logging,
    processMetrics: true,
    isReady: () => injector.isReady && !isStopping,
  });

  process.once('SIGTERM', () => void stop());
  process.once('SIGINT', () => void stop());
  injector.start();

  async function stop(): Promise<void> {
    isStopping = true;
    await server.drain(settings.drainGraceMs);
    await injector.stop();
    await Promise.all([client.close(), metrics.close()]);
    logging.flush();
    process.exit(0);
  }
}
