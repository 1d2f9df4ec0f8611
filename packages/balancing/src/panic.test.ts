/**
 * Panic and priorities by scenario files. Under each command stand the pools that requests go to: percent, hosts, and
 * whether health is ignored there; `pick` says who really got requests, and how many of them were picked in panic.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { createSeededRandom } from '@sluice/kernel';
import { runScenario, type ScenarioCommand } from '@sluice/kernel/testing';
import { expect, test } from 'vitest';
import type { EndpointHealth } from './endpoint.ts';
import { changeHosts, emptyHostSet, refreshHosts, type HostSet } from './host-set.ts';
import { createLoadBalancer } from './load-balancer.ts';
import { anyHost } from './pick.ts';
import { shareLoad } from './priority-load.ts';
import { endpointAt } from './testing/index.ts';

const folder = new URL('../testdata/panic/', import.meta.url);

test.each(readdirSync(folder))('%s', async (file) => {
  const path = new URL(file, folder);
  const cluster = new TestCluster();
  const text = runScenario(readFileSync(path, 'utf8'), (command) => cluster.run(command));
  await expect(text).toMatchFileSnapshot(path.pathname);
});

class TestCluster {
  #hosts: HostSet = emptyHostSet;
  #options = { overprovisioningPercent: 140, panicThresholdRatio: 0.5 };
  #failsInPanic = false;
  readonly #priorities = new Map<string, number>();
  readonly #healths = new Map<string, EndpointHealth>();

  run({ name, words, options }: ScenarioCommand): readonly string[] {
    switch (name) {
      case 'settings':
        this.#options = {
          overprovisioningPercent: Number(options.get('overprovisioning') ?? 140),
          panicThresholdRatio: Number(options.get('threshold') ?? 50) / 100,
        };
        this.#failsInPanic = options.get('fail') === 'yes';
        break;
      case 'hosts':
        for (const word of words) this.#priorities.set(word, Number(options.get('priority') ?? 0));
        break;
      case 'healthy':
      case 'degraded':
      case 'unhealthy':
      case 'draining':
        for (const word of words) this.#healths.set(word, name);
        break;
      case 'ejected':
      case 'returned':
        for (const word of words) this.#hosts.byKey.get(`${word}:1`)?.mark('failed_outlier_check', name === 'ejected');
        break;
      case 'pick':
        return this.#pick(Number(words[0]));
      default:
        throw new Error(`unknown command ${name}`);
    }
    const endpoints = [...this.#priorities].map(([host, priority]) =>
      endpointAt(`${host}:1`, { priority, health: this.#healths.get(host) ?? 'healthy' }),
    );
    this.#hosts = refreshHosts(changeHosts(this.#hosts, endpoints).hosts);
    const pools = shareLoad(this.#hosts, this.#options);
    if (pools.length === 0) return ['nobody'];
    return pools.map(({ percent, hosts, isPanicking }) => `${percent} %: ${hosts.map(nameOf).join(' ')}${isPanicking ? ' (panic)' : ''}`);
  }

  #pick(count: number): readonly string[] {
    let panics = 0;
    const balancer = createLoadBalancer(
      { kind: 'round-robin' },
      { random: createSeededRandom(1), ...this.#options, failsInPanic: this.#failsInPanic, onPanic: () => (panics += 1) },
    );
    balancer.update(this.#hosts, this.#options);
    const counts = new Map<string, number>();
    for (let index = 0; index < count; index += 1) {
      const picked = balancer.picker.pick(anyHost);
      const name = picked.kind === 'host' ? nameOf(picked.host) : picked.kind;
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    return [[...counts].sort().map(([name, picks]) => `${name} ${picks}`).join(', '), ...(panics > 0 ? [`${panics} in panic`] : [])];
  }
}

function nameOf({ key }: { readonly key: string }): string {
  return key.slice(0, key.indexOf(':'));
}
