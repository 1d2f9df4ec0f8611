/**
 * The client machine by scenario files. In them `a:1` is the resource `a` with content 1. The consumer refuses the
 * content `bad`; the content `garbage` is bytes that are no resource.
 */
import { readdirSync, readFileSync } from 'node:fs';

import { problem } from '@sluice/kernel';
import { runScenario, type ScenarioCommand } from '@sluice/kernel/testing';
import { expect, test } from 'vitest';

import type { Codec } from '../codec/codec.ts';
import type { JsonObject } from '../codec/json.ts';
import { shortTypeName, typeUrls, type TypeUrl } from '../type-urls.ts';
import type { RejectedResource, ResourceUpdate } from './ads-consumer.ts';
import { SotwClient, type ClientEffect, type ClientEvent } from './sotw-client.ts';

const folder = new URL('../../testdata/client/', import.meta.url);

test.each(readdirSync(folder))('%s', async (file) => {
  const path = new URL(file, folder);
  const player = new Player();
  const text = runScenario(readFileSync(path, 'utf8'), (command) => player.run(command));
  await expect(text).toMatchFileSnapshot(path.pathname);
});

const urls: Readonly<Record<string, TypeUrl>> = {
  LDS: typeUrls.listener,
  RDS: typeUrls.routeConfiguration,
  CDS: typeUrls.cluster,
  EDS: typeUrls.clusterLoadAssignment,
  SDS: typeUrls.secret,
};

/** Resources are their JSON, so that the scenarios show the machine and not the codec. */
const jsonCodec: Codec = {
  knows: () => true,
  encode: () => ({ ok: false, problems: [] }),
  decode(_messageName, bytes) {
    const text = Buffer.from(bytes).toString();
    if (text === 'garbage') return { ok: false, problems: [problem('', 'are no resource')] };
    const { unknown = 0, ...value } = JSON.parse(text) as JsonObject & { readonly unknown?: number };
    return { ok: true, value: { value, unknownFields: unknown }, problems: [] };
  },
};

class Player {
  #now = 0;
  #wakeAt: number | undefined;
  #log: string[] = [];
  readonly #client = new SotwClient({
    node: { id: 'proxy', cluster: 'group' },
    codec: jsonCodec,
    // Jitter at its middle, so that delays can be told in advance.
    random: { next: () => 0.5 },
    offer: (update) => this.#offer(update),
  });

  run({ name, words }: ScenarioCommand): readonly string[] {
    this.#log = [];
    switch (name) {
      case 'start':
      case 'stop':
        this.#step({ kind: name });
        break;
      case 'stream-ended':
        this.#step({ kind: 'stream ended', details: '' });
        break;
      case 'response':
        this.#respond(words);
        break;
      case 'advance':
        this.#advance(Number(words[0]));
        break;
      case 'held':
        return this.#client.types.map(
          (type) => `${shortTypeName(type.typeUrl)} ${[...type.held.values()].map(({ value }) => `${nameOf(value)}:${value['content']}`).join(' ')}`,
        );
      default:
        throw new Error(`unknown command ${name}`);
    }
    return this.#log;
  }

  /** `response CDS n1 v1 a:1 b:2`: type, nonce, version, resources. */
  #respond([type = '', nonce = '', versionInfo = '', ...contents]: readonly string[]): void {
    const typeUrl = urls[type] as TypeUrl;
    const resources = contents.map((content) => ({ typeUrl, value: Buffer.from(encode(typeUrl, content)) }));
    this.#step({ kind: 'response', response: { typeUrl, nonce, versionInfo, resources } });
  }

  /** Runs what falls due on the way. */
  #advance(ms: number): void {
    const end = this.#now + ms;
    while (this.#wakeAt !== undefined && this.#wakeAt <= end) {
      this.#now = this.#wakeAt;
      this.#log.push(`at ${this.#now} ms:`);
      this.#step({ kind: 'wake' });
    }
    this.#now = end;
  }

  #step(event: ClientEvent): void {
    this.#wakeAt = undefined;
    for (const effect of this.#client.step(event, this.#now)) this.#log.push(...this.#show(effect));
  }

  #offer(update: ResourceUpdate): readonly RejectedResource[] {
    const changed = update.changed.map(({ name, value }) => `${name}:${value['content']}`);
    this.#log.push(['offer', shortTypeName(update.typeUrl), ...changed, ...update.removed.map((name) => `-${name}`)].join(' '));
    const bad = update.changed.filter(({ value }) => value['content'] === 'bad');
    return bad.map(({ name }) => ({ name, problems: [problem('content', 'is bad')] }));
  }

  #show(effect: ClientEffect): readonly string[] {
    switch (effect.kind) {
      case 'send': {
        const { typeUrl, versionInfo, responseNonce, resourceNames, node, errorDetail } = effect.request;
        const parts = [`send ${shortTypeName(typeUrl)}`, `version=${versionInfo}`, `nonce=${responseNonce}`];
        parts.push(`names=${resourceNames.join(',')}`);
        if (node !== undefined) parts.push(`node=${node.id}`);
        if (errorDetail !== undefined) parts.push(`refusing="${errorDetail.message}"`);
        return [parts.join(' ')];
      }
      case 'wake':
        this.#wakeAt = effect.at;
        return [];
      case 'connection':
        return [effect.connected ? 'connected' : 'disconnected'];
      case 'missing':
        return [`missing ${shortTypeName(effect.typeUrl)} ${effect.name}`];
      case 'unknown fields':
        return [`${effect.count} unknown fields in ${shortTypeName(effect.typeUrl)}`];
      case 'accepted':
      case 'rejected':
        // The request that goes with it says the same.
        return [];
      case 'open stream':
      case 'end stream':
        return [effect.kind];
    }
  }
}

/** A cluster takes its endpoints by discovery; a listener `http:1:routes` takes the routes named last. */
function encode(typeUrl: TypeUrl, text: string): string {
  const [name = '', content = '', routes] = text.split(':');
  if (content === 'garbage') return content;
  if (typeUrl === typeUrls.cluster) return JSON.stringify({ name, content, type: 'EDS' });
  if (typeUrl === typeUrls.clusterLoadAssignment) return JSON.stringify({ cluster_name: name, content });
  if (typeUrl !== typeUrls.listener) return JSON.stringify({ name, content, ...(content === 'newer' ? { unknown: 2 } : {}) });
  const filters = routes === undefined ? [] : [{ typed_config: { rds: { route_config_name: routes } } }];
  return JSON.stringify({ name, content, filter_chains: [{ filters }] });
}

function nameOf(value: JsonObject): string {
  return String(value['name'] ?? value['cluster_name']);
}
