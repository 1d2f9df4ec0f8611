/**
 * A file that is loaded again, files of resources that are watched, and config services in every variant are sources of the
 * same thing: what is asked, answered, changed and refused is the same.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMeter, formatProblem, systemTimers, type Problem } from '@sluice/kernel';
import { BootstrapReloads, createFileWatcher, standardFilters } from '@sluice/proxy';
import { typeUrls } from '@sluice/resources';
import { loadCodec, type JsonObject } from '@sluice/xds';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { startFollowedProxy, type FollowedProxy } from './testing/followed-proxy.ts';
import { ScriptedService } from './testing/scripted-service.ts';
import { apiSource, listenerOf, routesTo, serviceCluster, startNamedUpstream, staticCluster } from './testing/service-resources.ts';

type Named = JsonObject & { readonly name: string };

interface Resources {
  readonly clusters: readonly Named[];
  readonly listeners: readonly Named[];
}

/** A proxy, and the hand that changes what it is told. */
interface World {
  readonly proxy: FollowedProxy;
  /** Fulfils when it has been heard; gives what was said against it. */
  change(resources: Resources): Promise<string>;
}

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

const sources: Readonly<Record<string, (first: Resources) => Promise<World>>> = {
  'a static file': startFromFile,
  'watched files': startFromWatchedFiles,
  'ADS, state of the world': (first) => startFromService(first, 'GRPC', true),
  'ADS, delta': (first) => startFromService(first, 'DELTA_GRPC', true),
  'a stream per type, state of the world': (first) => startFromService(first, 'GRPC', false),
  'a stream per type, delta': (first) => startFromService(first, 'DELTA_GRPC', false),
};

describe.each(Object.entries(sources))('%s', (_name, start) => {
  test('gives what is asked, follows changes, and keeps what was good', async () => {
    const upstreams = await Promise.all(['one', 'two'].map(startNamedUpstream));
    cleanups.push(() => upstreams.forEach((upstream) => upstream.stop()));
    const [one, two] = upstreams.map(({ port }, index) => staticCluster(['one', 'two'][index] as string, port)) as [Named, Named];
    const edge = (cluster: string, more: JsonObject = {}) => listenerOf('edge', { route_config: routesTo(cluster) }, more);

    const { proxy, change } = await start({ clusters: [one, two], listeners: [edge('one')] });
    cleanups.push(() => proxy.stop());
    await vi.waitFor(async () => expect(await proxy.get()).toBe('one'), waiting);

    // A change of routes keeps the listener.
    expect(await change({ clusters: [one, two], listeners: [edge('two')] })).toBe('');
    await vi.waitFor(async () => expect(await proxy.get()).toBe('two'), waiting);

    // What is no good is refused with its reason, and nothing is different.
    const poor = { ...one, connect_timeout: '-1s' };
    expect(await change({ clusters: [poor, two], listeners: [edge('two')] })).toMatch(/connect_timeout.*must be/);
    expect(await proxy.get()).toBe('two');
    const lost = edge('two', { filter_chains: [{ filters: [{ name: 'x', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy', stat_prefix: 'x' } }] }] });
    expect(await change({ clusters: [one, two], listeners: [lost] })).toMatch(/cluster/);
    expect(await proxy.get()).toBe('two');

    // An address that is taken: found out when it is bound, and refused all the same.
    const taken = { ...edge('one'), name: 'other', address: { socket_address: { address: '127.0.0.1', port_value: upstreams[0]?.port ?? 0 } } };
    expect(await change({ clusters: [one, two], listeners: [edge('two'), taken] })).toMatch(/EADDRINUSE|in use/);
    expect(await proxy.get()).toBe('two');

    // And what is good again is taken, with a listener that is new and one that is gone.
    const late = { ...edge('one'), name: 'late' };
    expect(await change({ clusters: [one, two], listeners: [late] })).toBe('');
    await vi.waitFor(async () => expect(await proxy.get('late')).toBe('one'), waiting);
    await vi.waitFor(async () => expect(await proxy.get('edge')).toBe('no listener'), waiting);
  });
});

const waiting = { timeout: 15_000, interval: 20 };
const node = { id: 'proxy', cluster: 'group' };

async function startFromFile({ clusters, listeners }: Resources): Promise<World> {
  const path = join(temporaryFolder(), 'bootstrap.json');
  const write = (next: Resources) => writeFileSync(path, JSON.stringify({ static_resources: next }));
  write({ clusters, listeners });
  const proxy = await startFollowedProxy({ bootstrap: { path } });
  let reports: string[] = [];
  const reloads = new BootstrapReloads({
    input: { path },
    running: proxy.running,
    filters: standardFilters,
    watcher: createFileWatcher(systemTimers),
    timers: systemTimers,
    meter: createMeter(),
    onReload: ({ problems }) => void reports.push(textOf(problems)),
  });
  reloads.start();
  cleanups.push(() => reloads.stop());
  return {
    proxy,
    async change(next) {
      reports = [];
      write(next);
      await vi.waitFor(() => expect(reports).not.toEqual([]), waiting);
      return reports.join('\n');
    },
  };
}

async function startFromWatchedFiles(first: Resources): Promise<World> {
  const folder = temporaryFolder();
  const files: Readonly<Record<string, string>> = { [typeUrls.cluster]: join(folder, 'cds.json'), [typeUrls.listener]: join(folder, 'lds.json') };
  const said = new Map<string, string>();
  const write = (typeUrl: string, resources: readonly Named[]): boolean => {
    const path = files[typeUrl] as string;
    const text = JSON.stringify({ resources: resources.map((resource) => ({ '@type': typeUrl, ...resource })) });
    const isNew = written.get(path) !== text;
    written.set(path, text);
    if (isNew) writeFileSync(path, text);
    return isNew;
  };
  const written = new Map<string, string>();
  write(typeUrls.cluster, first.clusters);
  write(typeUrls.listener, first.listeners);
  const source = (typeUrl: string) => ({ path_config_source: { path: files[typeUrl] as string } });
  const proxy = await startFollowedProxy({
    bootstrap: { node, dynamic_resources: { cds_config: source(typeUrls.cluster), lds_config: source(typeUrls.listener) } },
    onFileRead: (path, problems) => void said.set(path, textOf(problems)),
  });
  return {
    proxy,
    async change({ clusters, listeners }) {
      said.clear();
      const changed = [write(typeUrls.cluster, clusters) ? typeUrls.cluster : '', write(typeUrls.listener, listeners) ? typeUrls.listener : ''].filter((typeUrl) => typeUrl !== '');
      await vi.waitFor(() => expect(changed.every((typeUrl) => said.has(files[typeUrl] as string))).toBe(true), waiting);
      return [...said.values()].filter((text) => text !== '').join('\n');
    },
  };
}

async function startFromService({ clusters, listeners }: Resources, apiType: string, isAggregated: boolean): Promise<World> {
  const service = new ScriptedService(await loadCodec('proxy'));
  await service.start();
  cleanups.push(() => service.stop());
  const held: Record<string, string> = { [typeUrls.cluster]: '', [typeUrls.listener]: '' };
  const set = (typeUrl: string, resources: readonly Named[]): boolean => {
    const text = JSON.stringify(resources);
    const isNew = held[typeUrl] !== text;
    held[typeUrl] = text;
    if (isNew) service.set(typeUrl, resources);
    return isNew;
  };
  set(typeUrls.cluster, clusters);
  set(typeUrls.listener, listeners);
  const source = isAggregated ? { ads: {} } : { api_config_source: apiSource('service', apiType) };
  const proxy = await startFollowedProxy({
    bootstrap: {
      node,
      dynamic_resources: { ...(isAggregated ? { ads_config: apiSource('service', apiType) } : {}), cds_config: source, lds_config: source },
      static_resources: { clusters: [serviceCluster('service', [service.port])] },
    },
  });
  const answers = () => service.heard.filter(({ nonce }) => nonce !== '');
  await vi.waitFor(() => expect(answers().length).toBe(2), waiting);
  return {
    proxy,
    async change(next) {
      const before = answers().length;
      const changes = [set(typeUrls.cluster, next.clusters), set(typeUrls.listener, next.listeners)].filter(Boolean).length;
      await vi.waitFor(() => expect(answers().length).toBe(before + changes), waiting);
      return answers().slice(before).flatMap(({ refusal }) => refusal ?? []).join('\n');
    },
  };
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-sources-'));
  cleanups.push(() => rmSync(folder, { recursive: true }));
  return folder;
}

function textOf(problems: readonly Problem[]): string {
  return problems.filter(({ severity }) => severity === 'error').map(formatProblem).join('\n');
}
