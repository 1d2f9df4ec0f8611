/**
 * The server machine of the delta variant by scenario files. `ask CDS a -b` subscribes to `a` and unsubscribes from `b` of the
 * client's own accord; `ack` and `refuse` answer what was sent last. In them `a:1` is the resource `a` with content 1,
 * and `-a` says that it is gone.
 */
import { readdirSync, readFileSync } from 'node:fs';

import { runScenario, type ScenarioCommand } from '@sluice/kernel/testing';
import { expect, test } from 'vitest';

import { scenarioTypes, snapshotOf } from '../testing/scenario-snapshot.ts';
import { shortTypeName, type TypeUrl } from '../type-urls.ts';
import { DeltaStream, type DeltaEffect } from './delta-stream.ts';

const folder = new URL('../../testdata/server-delta/', import.meta.url);

test.each(readdirSync(folder))('%s', async (file) => {
  const path = new URL(file, folder);
  const player = new Player();
  const text = runScenario(readFileSync(path, 'utf8'), (command) => player.run(command));
  await expect(text).toMatchFileSnapshot(path.pathname);
});

class Player {
  #stream = new DeltaStream();
  #hasNode = false;
  readonly #nonces = new Map<TypeUrl, string>();

  run({ name, words, options }: ScenarioCommand): readonly string[] {
    switch (name) {
      case 'connect':
        this.#stream = new DeltaStream(options.has('type') ? { onlyType: scenarioTypes[options.get('type') ?? ''] ?? '' } : {});
        this.#hasNode = false;
        this.#nonces.clear();
        return [];
      case 'ask':
        return this.#request(words, options, '');
      case 'ack':
      case 'refuse':
        return this.#request(words, options, options.get('nonce') ?? this.#nonces.get(scenarioTypes[words[0] ?? ''] ?? '') ?? '');
      case 'snapshot':
        return this.#show(this.#stream.step({ kind: 'snapshot', snapshot: snapshotOf(words) }));
      case 'order-wait-over':
        return this.#show(this.#stream.step({ kind: 'order wait over' }));
      case 'status':
        return this.#stream.channels.flatMap(({ typeUrl, subscription, refusals }) => [
          `${shortTypeName(typeUrl)} wants ${subscription.list().join(',')}`,
          ...refusals.list.map((refusal) => `  ${refusal.name}:${refusal.version} refused: ${refusal.message}`),
        ]);
      case 'states':
        return this.#stream.channels.map((channel) => {
          const states = [...channel.wanted()].map((resource) => `${resource.name} ${channel.stateOf(resource.name)}`);
          return `${shortTypeName(channel.typeUrl)} ${states.join(', ')}`;
        });
      default:
        throw new Error(`unknown command ${name}`);
    }
  }

  #request([type = '', ...names]: readonly string[], options: ReadonlyMap<string, string>, nonce: string): readonly string[] {
    const because = options.get('because');
    const initial = (options.get('initial') ?? '').split(',').filter((part) => part !== '');
    const isFirst = !this.#hasNode;
    this.#hasNode = true;
    const effects = this.#stream.step({
      kind: 'request',
      request: {
        typeUrl: scenarioTypes[type] ?? '',
        subscribe: names.filter((name) => !name.startsWith('-')),
        unsubscribe: names.filter((name) => name.startsWith('-')).map((name) => name.slice(1)),
        initialVersions: Object.fromEntries(initial.map((part) => part.split(':') as [string, string])),
        responseNonce: nonce,
        ...(isFirst && options.get('node') !== 'no' ? { node: { id: 'proxy', cluster: 'group' } } : {}),
        ...(because === undefined ? {} : { errorDetail: { code: 3, message: because } }),
      },
    });
    return this.#show(effects);
  }

  #show(effects: readonly DeltaEffect[]): readonly string[] {
    return effects.map((effect) => {
      switch (effect.kind) {
        case 'send': {
          const { typeUrl, nonce, resources, removedResources } = effect.response;
          this.#nonces.set(typeUrl, nonce);
          const contents = resources.map(({ name, version }) => `${name}:${version}`);
          return [`send ${shortTypeName(typeUrl)} nonce=${nonce}:`, ...contents, ...removedResources.map((gone) => `-${gone}`)].join(' ');
        }
        case 'identify':
          return `identify ${effect.node.id}`;
        case 'wait':
          return `wait ${effect.delayMs} ms`;
        case 'stop waiting':
          return 'stop waiting';
        case 'accepted':
          return `accepted ${shortTypeName(effect.typeUrl)}`;
        case 'rejected':
          return `rejected ${shortTypeName(effect.typeUrl)}: ${effect.message}`;
        case 'stale':
          return `stale ${shortTypeName(effect.typeUrl)}`;
        case 'end':
          return `end ${effect.code}: ${effect.details}`;
      }
    });
  }
}
