/** Imports point down only. The table is the architecture; a package's manifest may name no more than its row. */
import { dirname } from 'node:path';
import { expect, test } from 'vitest';
import { files, importsOf, packages, read, sources, where } from './tree.ts';

const arrows: Readonly<Record<string, readonly string[]>> = {
  kernel: [],
  http: ['kernel'],
  resources: ['kernel'],
  serving: ['kernel'],
  balancing: ['kernel'],
  admission: ['kernel'],
  scaling: ['kernel'],
  stats: ['kernel', 'http'],
  translator: ['kernel', 'serving', 'resources'],
  xds: ['kernel', 'resources'],
  proxy: ['kernel', 'http', 'resources', 'balancing', 'admission'],
  telemetry: ['kernel'],
  kubernetes: ['kernel'],
  local: ['kernel', 'kubernetes', 'telemetry'],
  'queue-proxy': ['kernel', 'http', 'resources', 'balancing', 'admission', 'proxy', 'stats', 'xds', 'telemetry'],
  gateway: ['kernel', 'resources', 'proxy', 'xds', 'telemetry'],
  activator: ['kernel', 'resources', 'balancing', 'admission', 'proxy', 'stats', 'xds', 'telemetry'],
  autoscaler: ['kernel', 'http', 'proxy', 'scaling', 'serving', 'stats', 'kubernetes', 'xds', 'telemetry'],
  controller: ['kernel', 'scaling', 'serving', 'kubernetes', 'telemetry'],
  injector: ['kernel', 'scaling', 'serving', 'kubernetes', 'telemetry'],
  'config-server': ['kernel', 'serving', 'resources', 'translator', 'xds', 'kubernetes', 'telemetry'],
  cli: ['*'],
};

/** Libraries that only one place may load, so that swapping one stays a local affair. */
const fences: readonly { readonly library: RegExp; readonly allowed: readonly string[] }[] = [
  { library: /^@grpc\/(grpc-js|proto-loader)$/, allowed: ['packages/xds/src/grpc/'] },
  { library: /^@grpc\/grpc-js-xds/, allowed: ['packages/xds/scripts/'] },
  { library: /^(pino|prom-client|@opentelemetry\/.*)$/, allowed: ['packages/telemetry/'] },
];

const short = (name: string) => name.replace('@sluice/', '');

test('every package has its row, and every row its package', () => {
  expect([...packages.values()].map(short).sort()).toEqual(Object.keys(arrows).sort());
});

test('a manifest names no workspace package beyond its row', () => {
  const wrong: string[] = [];
  for (const [folder, name] of packages) {
    const allowed = arrows[short(name)] ?? [];
    const manifest = JSON.parse(read(`${folder}/package.json`)) as { dependencies?: Record<string, string> };
    for (const dependency of Object.keys(manifest.dependencies ?? {})) {
      if (!dependency.startsWith('@sluice/') || allowed.includes('*')) continue;
      if (!allowed.includes(short(dependency))) wrong.push(`${folder}/package.json → ${dependency}`);
    }
  }
  expect(wrong).toEqual([]);
});

test('sources import along the arrows, and packages by name', () => {
  const wrong: string[] = [];
  for (const [folder, name] of packages) {
    const allowed = arrows[short(name)] ?? [];
    for (const file of sources(folder, { tests: true })) {
      for (const { specifier, line } of importsOf(file)) {
        if (specifier.startsWith('.')) {
          const target = new URL(specifier, `file:///${file}`).pathname.slice(1);
          if (!target.startsWith(`${folder}/`)) wrong.push(`${where(file, line)} reaches out of its package: ${specifier}`);
          continue;
        }
        if (!specifier.startsWith('@sluice/')) continue;
        const target = short(specifier).split('/')[0] as string;
        if (target === short(name) || allowed.includes('*') || allowed.includes(target)) continue;
        wrong.push(`${where(file, line)} ${short(name)} → ${target}`);
      }
    }
  }
  expect(wrong).toEqual([]);
});

test('only the public entries of a package are imported', () => {
  const wrong: string[] = [];
  for (const file of files.filter((name) => name.endsWith('.ts') && !name.includes('/gen/'))) {
    for (const { specifier, line } of importsOf(file)) {
      if (/^@sluice\/[^/]+$/.test(specifier) || /^@sluice\/[^/]+\/testing$/.test(specifier)) continue;
      if (specifier.startsWith('@sluice/')) wrong.push(`${where(file, line)} ${specifier}`);
    }
  }
  expect(wrong).toEqual([]);
});

test('libraries stay behind their fences', () => {
  const wrong: string[] = [];
  for (const file of files.filter((name) => /^packages\/.*\.ts$/.test(name))) {
    for (const { specifier, line } of importsOf(file)) {
      const fence = fences.find(({ library }) => library.test(specifier));
      if (fence && !fence.allowed.some((place) => file.startsWith(place))) wrong.push(`${where(file, line)} ${specifier}`);
    }
  }
  expect(wrong).toEqual([]);
});

test('files do not import each other in circles', () => {
  const graph = new Map<string, string[]>();
  for (const folder of packages.keys()) {
    for (const file of sources(folder)) {
      graph.set(
        file,
        importsOf(file)
          .filter(({ specifier }) => specifier.startsWith('.'))
          .map(({ specifier }) => new URL(specifier, `file:///${dirname(file)}/x`).pathname.slice(1)),
      );
    }
  }
  const circles: string[] = [];
  const state = new Map<string, 'open' | 'done'>();
  const visit = (file: string, path: readonly string[]): void => {
    if (state.get(file) === 'done') return;
    if (state.get(file) === 'open') {
      circles.push([...path.slice(path.indexOf(file)), file].join(' → '));
      return;
    }
    state.set(file, 'open');
    for (const next of graph.get(file) ?? []) visit(next, [...path, file]);
    state.set(file, 'done');
  };
  for (const file of graph.keys()) visit(file, []);
  expect(circles).toEqual([]);
});
