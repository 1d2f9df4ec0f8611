/**
 * The proxy with what a sidecar has beside the proxying: a limiter, load statistics weighted by time, an access log in
 * Envoy's default format, and traces of 1 % of the requests that are exported to the backend, which answers 200 to anything. Its
 * argument is a file with the options of `sluiceYaml`.
 */
import { readFileSync } from 'node:fs';
import { RequestStats } from '@sluice/admission';
import { createMeter, silentLogger as logger, systemClock as clock, systemRandom as random, systemTimers as timers } from '@sluice/kernel';
import { createAccessLogOpener, createQueueFilterFactory, createSystemNetwork, Drainer, parseBootstrap, queueFilterName, queueFilterTypeUrl, standardFilters, startBootstrapProxy } from '@sluice/proxy';
import { openTracer } from '@sluice/telemetry';
import { sluiceYaml, type SluiceYamlOptions } from './config/sluice-yaml.ts';

/** Never reached by 50 connections: the price of having a limit, not of meeting it. */
const containerConcurrency = 100;

/** A usual share in production, and what the row promises. */
const tracedPercent = 1;

const options = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as SluiceYamlOptions;
const meter = createMeter();
const queue = createQueueFilterFactory({ stats: new RequestStats(clock.now()), drainer: new Drainer({ clock, timers, quietPeriodMs: 1_000 }) });
const tracer = openTracer({ serviceName: 'bench', endpoint: `http://127.0.0.1:${options.backendPort}/v1/traces`, timers, logger, meter });
const filters = [queue, ...standardFilters];
const limiter = { name: queueFilterName, typed_config: { '@type': 'type.googleapis.com/xds.type.v3.TypedStruct', type_url: queueFilterTypeUrl, value: { container_concurrency: containerConcurrency } } };
const loaded = await parseBootstrap(sluiceYaml({ ...options, filters: [limiter], tracedPercent }), 'instruments.yaml', filters);
if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
const started = await startBootstrapProxy({
  loaded: loaded.value,
  filters,
  clock,
  timers,
  random,
  logger,
  meter,
  tracer,
  network: await createSystemNetwork({ timers, logger, platform: process.platform }),
  openAccessLog: createAccessLogOpener(meter.counter('dropped', ''), meter.counter('failed', '')),
});
if (!started.ok) throw new Error(JSON.stringify(started.problems));
process.on('SIGTERM', () => void started.value.stop().then(() => tracer.close()).then(() => process.exit(0)));
