/**
 * Runs the sidecar until it is told to stop. The order is that of a cold start: listen first, with as little
 * loaded as that takes; then everything else.
 */
import { existsSync } from 'node:fs';
import { createMeter, describeSettingProblems, systemClock as clock, systemRandom as random, systemTimers as timers } from '@sluice/kernel';
import { createSystemNetwork } from '@sluice/proxy';
import { DeferredLogger } from '@sluice/telemetry';
import { composeQueueProxy } from './compose.ts';
import { readSettings } from './config.ts';
import { openDrainPage } from './drain-page.ts';
import { listenHost } from './static-config.ts';
import { whenUnhurried } from './unhurried.ts';

async function main(): Promise<void> {
  if (process.env['SLUICE_STARTED_AHEAD'] === '1') await (await import('./started-ahead.ts')).waitForPlace({ clock, timers, random });
  const startedAt = clock.now();
  const checked = readSettings(process.argv.slice(2), process.env);
  if (!checked.ok) {
    process.stderr.write(describeSettingProblems('queue-proxy', checked.problems));
    process.exit(1);
  }
  let isTerminating = false;
  const termination = new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT']) {
      process.on(signal, () => {
        isTerminating = true;
        resolve();
      });
    }
  });
  const settings = checked.value;
  const logger = new DeferredLogger();
  const meter = createMeter();
  const network = await createSystemNetwork({ timers, logger, transport: settings.transport, platform: process.platform, poisonsMemory: process.env['SLUICE_POISON_MEMORY'] === '1' });
  const { certificateDirectory, observability } = settings;
  const hasCertificate = existsSync(`${certificateDirectory}/tls.crt`) && existsSync(`${certificateDirectory}/tls.key`);
  const asked =
    hasCertificate || observability.requestLog || observability.tracing
      ? (await import('./asked-for.ts')).openAskedFor({ settings, environment: process.env, hasCertificate, network, timers, logger, meter })
      : {};
  const queueProxy = composeQueueProxy({ settings, network, clock, timers, random, logger, meter, ...asked });
  await queueProxy.start();
  const hooks = { host: listenHost(settings.identity.podIp), port: settings.adminPort };
  openDrainPage(network, hooks, { drainer: queueProxy.drainer, timers, isTerminating: () => isTerminating }).catch((error: unknown) => logger.warn('side server not started', { error }));

  // What follows would hold up the request for which this was started.
  await Promise.race([whenUnhurried({ stats: queueProxy.load.stats, clock, timers }), termination]);
  const { runRest } = await import('./rest.ts');
  await runRest({ settings, queueProxy, startedAt, clock, timers, random, logger, meter, termination, tracer: asked.tracer });
  process.exit(0);
}

// Not awaited at the top, which a bundle cannot: what goes wrong ends the process all the same.
void main();
