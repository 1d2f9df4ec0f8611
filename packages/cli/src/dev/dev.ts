/**
 * `sluice dev`: the whole mesh on this machine. This file is its table of contents: the floor, the system on
 * top of it, the user's services on top of that, and a voice that says what happens, until Ctrl-C.
 */
import { statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { MeshError, systemClock } from '@sluice/kernel';
import { formatDuration } from '../terminal/duration.ts';
import { createStyle, type Style } from '../terminal/style.ts';
import { Discovery } from '../manifests/discovery.ts';
import { ColdStartJoin } from './cold-start.ts';
import { startFloor } from './floor.ts';
import { saveAuthority } from './authority-file.ts';
import { Happenings } from './happenings.ts';
import { Narrator, shortName } from './narrator.ts';
import { observe } from './observe.ts';
import { readDevOptions, type DevFlags, type DevOptions } from './options.ts';
import { claimPorts } from './ports.ts';
import { ServiceFiles } from './service-files.ts';
import { installSystem } from './system.ts';

/** Fulfils with the exit code, when everything has ended. */
export async function runDev(path: string, flags: DevFlags): Promise<number> {
  const read = readDevOptions(path, flags);
  if ('problems' in read) {
    for (const found of read.problems) process.stderr.write(`${found}\n`);
    return 2;
  }
  if (!statSync(read.options.path, { throwIfNoEntry: false })) {
    process.stderr.write(`${path}: no such file or folder\n`);
    return 2;
  }
  const style = createStyle(process.stdout);
  const narrator = new Narrator({ write: (text) => process.stdout.write(text), style, wallTime: () => systemClock.wallTime() });
  try {
    await serve(read.options, narrator, style);
    return 0;
  } catch (error) {
    if (!(error instanceof MeshError)) throw error;
    narrator.say(`  ${style.bad('✗')} ${error.message}`);
    return 1;
  }
}

async function serve(options: DevOptions, narrator: Narrator, style: Style): Promise<void> {
  const startedAt = systemClock.now();
  const interrupted = interruption();
  const coldStarts = new ColdStartJoin();
  const happenings = new Happenings(narrator, coldStarts);
  const here = (file: string): string => relative(process.cwd(), file) || '.';

  narrator.say(`${style.bold('sluice')} 0.1.0  local mode\n`);
  const { ports, release } = await claimPorts(options);
  // However this process ends, short of being killed: then the next one sees that nobody holds them.
  process.once('exit', release);
  const floor = await startFloor({
    stateFolder: options.stateFolder,
    apiPort: ports.api,
    programFolder: statSync(options.path).isDirectory() ? options.path : join(options.path, '..'),
    onTimeline: (event) => happenings.podMoment(event),
  });
  try {
    narrator.step('API server', `${floor.apiUrl}   kubeconfig ${here(floor.kubeconfig)}`);
    const discovery = new Discovery(floor.client);
    const system = await installSystem({ floor, discovery, stateFolder: options.stateFolder, ports, interrupted });
    narrator.step('control plane', `${system.names.join(', ')}`);

    const files = new ServiceFiles({
      path: options.path,
      client: floor.client,
      discovery,
      onApplied: ({ manifest, result }) => {
        const { kind, metadata } = manifest.object;
        narrator.step(result, `${here(manifest.file)}: ${kind} ${metadata.name}`);
      },
      onProblems: (problems) =>
        narrator.problems(problems.map((found) => (found.position ? { ...found, position: { ...found.position, file: here(found.position.file) } } : found))),
    });
    await files.apply();
    const { urls, starting } = await system.whenServing(interrupted);
    if (interrupted.aborted) return;
    const trust = ports.gatewayTls === undefined ? '' : ` --cacert ${here(await saveAuthority(floor.client, options.stateFolder))}`;
    narrator.say(`\n  ready in ${formatDuration(systemClock.now() - startedAt)}\n`);
    for (const { key, url } of urls) narrator.say(`  ${style.bold(shortName(key))}  →  ${style.link(url)}`);
    for (const key of starting) narrator.say(`  ${style.bold(shortName(key))}  ${style.dim('is still starting')}`);
    const [first] = urls;
    narrator.say(style.dim(first ? `\n  try   curl${trust} ${first.url}` : '\n  try'));
    narrator.say(style.dim(`        kubectl --kubeconfig ${here(floor.kubeconfig)} get ksvc,revision,route`));
    narrator.say(style.dim('        Ctrl-C ends everything\n'));

    const observation = await observe({ floor, happenings });
    files.watch();
    await aborted(interrupted);
    files.close();
    narrator.say('\n  ending …');
    await observation.stop();
  } finally {
    await floor.stop();
  }
}

/** Aborted at the first Ctrl-C or SIGTERM. The second one ends the process at once. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return controller.signal;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
