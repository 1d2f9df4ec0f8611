/**
 * The engine alone, from an Envoy-style bootstrap file: what `sluice proxy -c` runs, without the command line
 * around it, so that the benchmark measures the engine and can be profiled.
 */
import { createMeter, silentLogger, systemClock, systemRandom, systemTimers } from '@sluice/kernel';
import { createFilterContexts, createProxy, createSystemNetwork, routerFactory } from '@sluice/proxy';
import { ConfigApplier, addStaticResources, loadBootstrapFile, noRegexEngine } from '@sluice/proxy';

const file = process.argv[2] ?? 'bootstrap.yaml';
const parts = { clock: systemClock, timers: systemTimers, random: systemRandom, logger: silentLogger, meter: createMeter() };
const transport = process.env['SLUICE_TRANSPORT'] as 'reused' | 'events' | 'auto' | undefined;
const network = await createSystemNetwork({ timers: systemTimers, logger: silentLogger, platform: process.platform, transport: transport ?? 'auto' });
const proxy = createProxy({ ...parts, network });
const filters = [routerFactory];
const applier = new ConfigApplier({ ...parts, target: proxy, filters, createContext: createFilterContexts(parts), regexEngine: noRegexEngine });
const loaded = await loadBootstrapFile(file, filters);
if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
const problems = [...addStaticResources(loaded.value.bootstrap, loaded.value.document.json, applier.store), ...(await applier.applyNow())];
if (problems.length > 0) throw new Error(JSON.stringify(problems));
proxy.start();
console.log('ready');
process.on('SIGTERM', () => void proxy.drain().then(() => process.exit(0)));
