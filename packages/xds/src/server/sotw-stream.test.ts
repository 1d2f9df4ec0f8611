/**
 * The server machine by scenario files. In them `a:1` is the resource `a` with content 1; a request says only what
 * differs from an acknowledgement of what was sent last.
 */
import { readdirSync, readFileSync } from 'node:fs';

import { runScenario, type ScenarioCommand } from '@sluice/kernel/testing';
import { expect, test } from 'vitest';

import type { DiscoveryRequest } from '../discovery.ts';
import { scenarioTypes, snapshotOf } from '../testing/scenario-snapshot.ts';
import { shortTypeName, type TypeUrl } from '../type-urls.ts';
import { SotwStream, type SotwEffect } from './sotw-stream.ts';

const folder = new URL('../../testdata/server/', import.meta.url);

test.each(readdirSync(folder))('%s', async (file) => {
  const path = new URL(file, folder);
  const player = new Player();
  const text = runScenario(readFileSync(path, 'utf8'), (command) => player.run(command));
  await expect(text).toMatchFileSnapshot(path.pathname);
});

/** Keeps what a client would know: the last names, nonce and version of each type. */
class Player {
  #stream = new SotwStream();
  #hasNode = false;
  readonly #names = new Map<TypeUrl, readonly string[]>();
  readonly #sent = new Map<TypeUrl, { readonly nonce: string; readonly version: string }>();

  run({ name, words, options }: ScenarioCommand): readonly string[] {
    switch (name) {
      case 'connect':
        // The same client, on a new stream: nonces are gone.
        this.#stream = new SotwStream();
        this.#hasNode = false;
        this.#names.clear();
        this.#sent.clear();
        return [];
      case 'request':
        return this.#request(words, options);
      case 'snapshot':
        return this.#show(this.#stream.step({ kind: 'snapshot', snapshot: snapshotOf(words) }));
      case 'order-wait-over':
        return this.#show(this.#stream.step({ kind: 'order wait over' }));
      case 'status':
        return this.#stream.channels.map(
          ({ typeUrl, subscription, rejection }) =>
            `${shortTypeName(typeUrl)} wants ${subscription.list().join(',')}${rejection === undefined ? '' : `, refused: ${rejection.message}`}`,
        );
      default:
        throw new Error(`unknown command ${name}`);
    }
  }

  #request([type = '']: readonly string[], options: ReadonlyMap<string, string>): readonly string[] {
    const typeUrl = scenarioTypes[type] ?? '';
    const sent = this.#sent.get(typeUrl);
    const given = options.get('names');
    const names = given === undefined ? (this.#names.get(typeUrl) ?? []) : given.split(',').filter((part) => part !== '');
    const refusal = options.get('refusing');
    const request: DiscoveryRequest = {
      typeUrl,
      versionInfo: options.get('version') ?? sent?.version ?? '',
      responseNonce: options.get('nonce') ?? sent?.nonce ?? '',
      resourceNames: names,
      ...(this.#hasNode || options.get('node') === 'no' ? {} : { node: { id: 'proxy', cluster: 'group' } }),
      ...(refusal === undefined ? {} : { errorDetail: { code: 3, message: refusal } }),
    };
    this.#hasNode = true;
    this.#names.set(typeUrl, names);
    return this.#show(this.#stream.step({ kind: 'request', request }));
  }

  #show(effects: readonly SotwEffect[]): readonly string[] {
    return effects.map((effect) => {
      switch (effect.kind) {
        case 'send': {
          const { typeUrl, nonce, versionInfo, resources } = effect.response;
          this.#sent.set(typeUrl, { nonce, version: versionInfo });
          const contents = resources.map(({ value }) => Buffer.from(value).toString()).join(' ');
          return `send ${shortTypeName(typeUrl)} nonce=${nonce} version=${versionInfo}: ${contents}`.trimEnd();
        }
        case 'identify':
          return `identify ${effect.node.id}`;
        case 'wait':
          return `wait ${effect.delayMs} ms`;
        case 'stop waiting':
          return 'stop waiting';
        case 'accepted':
          return `accepted ${shortTypeName(effect.typeUrl)} ${effect.version}`;
        case 'rejected':
          return `rejected ${shortTypeName(effect.typeUrl)} ${effect.version}: ${effect.message}`;
        case 'stale':
          return `stale ${shortTypeName(effect.typeUrl)}`;
        case 'end':
          return `end ${effect.code}: ${effect.details}`;
      }
    });
  }
}
