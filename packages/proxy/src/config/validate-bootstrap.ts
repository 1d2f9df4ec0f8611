/** `--mode validate`: everything that can be known about a bootstrap without opening a socket. */
import { createMeter, silentLogger, type Checked, type Clock, type Problem, type Random, type Timers } from '@sluice/kernel';
import { createPlainEnvironment } from '../compile-environment.ts';
import { createDataSources } from '../data-sources.ts';
import { createFilterContexts, type FilterContextParts } from '../filters/filter-context.ts';
import type { FilterCatalog } from '../filters/filter.ts';
import { loadRegexEngine } from '../router/regex-engine.ts';
import { SystemNetwork } from '../network/system-network.ts';
import { TlsRegistry } from '../tls/tls-registry.ts';
import { ConfigCompiler } from './config-compiler.ts';
import { ConfigStore } from './config-store.ts';
import { extensionsOf } from './extensions-of.ts';
import { createFileAccess } from './file-access.ts';
import { loadBootstrap, type BootstrapInput, type LoadedBootstrap } from './file-bootstrap.ts';
import { setStaticResources } from './static-source.ts';

/** Decodes it and compiles what it holds. The value is there when a proxy could run with it, and with these variables. */
export async function validateBootstrap(
  input: BootstrapInput,
  filters: FilterCatalog,
  variables: Readonly<Record<string, string | undefined>> = {},
): Promise<Checked<LoadedBootstrap>> {
  const loaded = await loadBootstrap(input, filters);
  if (!loaded.ok) return loaded;
  const { bootstrap, document } = loaded.value;
  const regexEngine = await loadRegexEngine();
  const files = createFileAccess(noTimers, variables);
  const tls = new TlsRegistry({
    transport: new SystemNetwork({ accept: 'events' }).tls,
    files,
    regexEngine,
    logger: silentLogger,
    secretOf: (name) => store.secret(name),
  });
  const environment = { ...createPlainEnvironment(), node: bootstrap.node, sources: createDataSources(files) };
  const compiler = new ConfigCompiler({ filters, createContext: createFilterContexts({ ...idleParts(), sources: environment.sources }), regexEngine, environment, tls });
  const store: ConfigStore = new ConfigStore({ compiler, extensions: extensionsOf(filters), wallTime: () => 0 });
  const found = document.locate(setStaticResources(bootstrap, document.json, store));
  tls.stop();
  const problems: readonly Problem[] = [...loaded.problems, ...found];
  const isUsable = problems.every(({ severity }) => severity !== 'error');
  return isUsable ? { ok: true, value: loaded.value, problems } : { ok: false, problems };
}

/** What filters are given when they are made only to see whether they can be: time stands still in it. */
function idleParts(): FilterContextParts {
  return { clock: stoppedClock, timers: noTimers, random: zero, logger: silentLogger, meter: createMeter() };
}

const stoppedClock: Clock = { now: () => 0, wallTime: () => 0 };
const noTimers: Timers = { after: () => ({ cancel: () => {} }), every: () => ({ cancel: () => {} }) };
const zero: Random = { next: () => 0 };
