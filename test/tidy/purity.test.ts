/**
 * Pure modules take time, chance and the outside world as arguments. This looks for the words that would
 * say otherwise.
 */
import { expect, test } from 'vitest';
import { codeOnly, importsOf, read, sources, where } from './tree.ts';

const pureFolders = [
  'packages/kernel',
  'packages/http',
  'packages/resources',
  'packages/serving',
  'packages/balancing',
  'packages/admission',
  'packages/scaling',
  'packages/stats',
  'packages/translator',
  'packages/xds',
  'packages/proxy',
  'packages/kubernetes',
] as const;

/** The shells inside those packages: they may hold sockets, files or the system's clock, and say so here. */
const shells: readonly string[] = [
  'packages/kernel/src/system.ts',
  'packages/resources/src/file',
  'packages/xds/src/grpc/',
  'packages/xds/src/descriptor',
  'packages/proxy/src/network/',
  'packages/proxy/src/admin/',
  'packages/proxy/src/config/file',
  'packages/proxy/src/access-log/sink',
  'packages/proxy/src/workers/thread',
  'packages/kubernetes/src/http/',
  'packages/kubernetes/src/kubeconfig',
];

const bannedWords =
  /\b(Date\.now|new Date\(\)|performance\.now|Math\.random|setTimeout|setInterval|setImmediate|queueMicrotask|process\.(?!exitCode)[a-z]+)/g;

const bannedModules = /^(node:)?(net|tls|http|https|http2|dgram|dns|fs|fs\/promises|child_process|os|timers|timers\/promises|worker_threads|process|cluster)$/;

const isShell = (file: string) => shells.some((shell) => file.startsWith(shell));

test('pure modules read no clock, roll no dice, set no timer', () => {
  const wrong: string[] = [];
  for (const folder of pureFolders) {
    for (const file of sources(folder)) {
      if (isShell(file)) continue;
      codeOnly(read(file))
        .split('\n')
        .forEach((line, index) => {
          for (const match of line.matchAll(bannedWords)) wrong.push(`${where(file, index + 1)} ${match[0]}`);
        });
    }
  }
  expect(wrong).toEqual([]);
});

test('pure modules import nothing with effects', () => {
  const wrong: string[] = [];
  for (const folder of pureFolders) {
    for (const file of sources(folder)) {
      if (isShell(file)) continue;
      for (const { specifier, line } of importsOf(file)) {
        if (bannedModules.test(specifier)) wrong.push(`${where(file, line)} ${specifier}`);
      }
    }
  }
  expect(wrong).toEqual([]);
});

test('only executables and the local floor read the environment', () => {
  const wrong: string[] = [];
  for (const folder of [...pureFolders, 'packages/telemetry']) {
    for (const file of sources(folder)) {
      codeOnly(read(file))
        .split('\n')
        .forEach((line, index) => {
          if (/\bprocess\.env\b/.test(line)) wrong.push(where(file, index + 1));
        });
    }
  }
  expect(wrong).toEqual([]);
});
