/** An embedded API server on simulated time, with a short way to speak to it. */
import { createSeededRandom } from '@sluice/kernel';
import { RecordingLogger, SimulatedTime } from '@sluice/kernel/testing';
import type { AccessOptions } from '../api-server/access/access.ts';
import { assembleApiServer, type ApiServer } from '../api-server/api-server.ts';
import type { WebhookCaller } from '../api-server/admission/webhook-caller.ts';
import type { ApiServerLimits } from '../api-server/limits.ts';
import type { TextStream } from '../api-server/exchange.ts';
import { cloneJson, objectAt, textAt, type JsonObject } from '../api-server/json.ts';
import { createMemoryStorage } from '../api-server/storage/memory-storage.ts';
import type { ResourceKind } from '../api-server/resources/resource-kind.ts';
import type { Storage } from '../api-server/storage/storage.ts';
import type { Entry } from '../api-server/store/object-store.ts';
import { Lull } from '../lull/lull.ts';
import type { ServerContext } from '../api-server/verbs/context.ts';

export interface TestApiServerOptions {
  readonly time?: SimulatedTime;
  /** Default 1. */
  readonly seed?: number;
  readonly storage?: Storage;
  readonly limits?: Partial<ApiServerLimits>;
  readonly access?: AccessOptions;
  /** Default: webhooks cannot be reached. */
  readonly webhooks?: WebhookCaller;
  /** Who hears later while a program starts. Default: nobody. */
  readonly isPatient?: (userAgent: string) => boolean;
}

export interface TestAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The body as it came; empty for a stream. */
  readonly text: string;
  /** The body as JSON; empty when it is none. */
  readonly json: JsonObject;
}

export interface TestWatch {
  /** The events that have arrived. */
  readonly events: JsonObject[];
  readonly isEnded: boolean;
  close(): void;
}

export interface TestApiServer {
  readonly server: ApiServer;
  readonly time: SimulatedTime;
  readonly logger: RecordingLogger;
  /** @param body a value is sent as JSON, text as it is; @param headers default content type: JSON, or merge patch for PATCH */
  send(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<TestAnswer>;
  /** Opens a watch; events arrive as time advances. */
  watch(path: string, headers?: Readonly<Record<string, string>>): Promise<TestWatch>;
  /** Puts an object into the store as it is, past all rules, as if somebody else had brought it there. The answer is what is stored. */
  place(object: JsonObject): JsonObject;
  /** Takes an object out of the store, past finalizers and grace. */
  takeAway(object: JsonObject): void;
  /** The stored object of the same kind and name, or undefined; also undefined for a kind that is not there. */
  find(object: JsonObject): JsonObject | undefined;
}

export function createTestApiServer(options: TestApiServerOptions = {}): TestApiServer {
  const time = options.time ?? new SimulatedTime();
  const logger = new RecordingLogger();
  const { server, context } = assembleApiServer({
    clock: time,
    timers: time,
    random: createSeededRandom(options.seed ?? 1),
    storage: options.storage ?? createMemoryStorage(),
    logger,
    ...(options.limits ? { limits: options.limits } : {}),
    ...(options.access ? { access: options.access } : {}),
    ...(options.webhooks ? { webhooks: options.webhooks } : {}),
    ...(options.isPatient ? { patience: { lull: new Lull(time), isPatient: options.isPatient } } : {}),
  });
  return {
    server,
    time,
    logger,
    async send(method, path, body, headers = {}) {
      const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
      const sent = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) };
      const answer = await server.handle({ method, path, headers: { 'content-type': type, ...headers }, ...sent });
      const text = answer.body.kind === 'text' ? answer.body.text : '';
      // The index of OpenAPI documents is JSON under the name of plain text.
      const isJson = text.startsWith('{');
      return { status: answer.status, headers: answer.headers, text, json: isJson ? (JSON.parse(text) as JsonObject) : {} };
    },
    async watch(path, headers = {}) {
      const answer = await server.handle({ method: 'GET', path, headers });
      if (answer.body.kind !== 'stream') throw new Error(`watch ${path}: answered ${answer.status} ${answer.body.text}`);
      return collect(answer.body.stream);
    },
    place(object) {
      const kind = kindOf(context, object);
      if (!kind) throw new Error(`no kind ${textAt(object, 'kind')} of ${textAt(object, 'apiVersion')}`);
      const metadata = objectAt(object, 'metadata');
      const stored = kind.conversion ? kind.conversion.toStored(cloneJson(object)) : cloneJson(object);
      return context.store.put(kind.storedAs, textAt(metadata, 'namespace'), textAt(metadata, 'name'), stored).object;
    },
    takeAway(object) {
      const entry = entryOf(context, object);
      if (entry) context.store.remove(entry);
    },
    find: (object) => entryOf(context, object)?.object,
  };
}

function kindOf(context: ServerContext, object: JsonObject): ResourceKind | undefined {
  return context.registry.findKind(textAt(object, 'apiVersion'), textAt(object, 'kind'));
}

function entryOf(context: ServerContext, object: JsonObject): Entry | undefined {
  const kind = kindOf(context, object);
  const metadata = objectAt(object, 'metadata');
  return kind && context.store.get(kind.storedAs, textAt(metadata, 'namespace'), textAt(metadata, 'name'));
}

function collect(stream: TextStream): TestWatch {
  const events: JsonObject[] = [];
  const state = { isEnded: false };
  stream.listen({
    onText(text) {
      for (const line of text.split('\n')) if (line !== '') events.push(JSON.parse(line) as JsonObject);
    },
    onEnd() {
      state.isEnded = true;
    },
  });
  return {
    events,
    get isEnded() {
      return state.isEnded;
    },
    close: () => stream.close(),
  };
}
