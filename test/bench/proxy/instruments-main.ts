/**
 * The proxy with what a sidecar has beside the proxying: a limiter, load statistics weighted by time, an access log in
 * Envoy's default format. Its argument is a file with the options of `sluiceYaml`.
 */
import { readFileSync } from 'node:fs';
import { RequestStats } from '@sluice/admission';
import { createMeter, silentLogger as logger, systemClock as clock, systemRandom as random, systemTimers as timers } from '@sluice/kernel';
import { createAccessLogOpener, createQueueFilterFactory, createSystemNetwork, Drainer, parseBootstrap, queueFilterName, queueFilterTypeUrl, standardFilters, startBootstrapProxy } from '@sluice/proxy';
import { sluiceYaml, type SluiceYamlOptions } from './config/sluice-yaml.ts';

/** Never reached by 50 connections: the price of having a limit, not of meeting it. */
const containerConcurrency = 100;

const options = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as SluiceYamlOptions;
const meter = createMeter();
const queue = createQueueFilterFactory({ stats: new RequestStats(clock.now()), drainer: new Drainer({ clock, timers, quietPeriodMs: 1_000 }) });
const filters = [queue, ...standardFilters];
const limiter = { name: queueFilterName, typed_config: { '@type': 'type.googleapis.com/xds.type.v3.TypedStruct', type_url: queueFilterTypeUrl, value: { container_concurrency: containerConcurrency } } };
const loaded = await parseBootstrap(sluiceYaml({ ...options, filters: [limiter] }), 'instruments.yaml', filters);
if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
const started = await startBootstrapProxy({
  loaded: loaded.value,
  filters,
  clock,
  timers,
  random,
  logger,
  meter,
  network: await createSystemNetwork({ timers, logger, platform: process.platform }),
  openAccessLog: createAccessLogOpener(meter.counter('dropped', ''), meter.counter('failed', '')),
});
if (!started.ok) throw new Error(JSON.stringify(started.problems));
process.on('SIGTERM', () => void started.value.stop().then(() => process.exit(0)));
