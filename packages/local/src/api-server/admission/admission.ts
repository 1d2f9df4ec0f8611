/**
 * Asks the webhooks about writes: the mutating ones in turn, the validating ones side by side (apiserver's
 * `admission/plugin/webhook/{mutating,validating}`). A write that concerns none of them never waits.
 */
import type { Logger, Random } from '@sluice/kernel';
import type { JsonObject } from '../json.ts';
import { equalJson, objectAt } from '../json.ts';
import type { Registry } from '../resources/registry.ts';
import type { ResourceKind } from '../resources/resource-kind.ts';
import { internalError } from '../status-error.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { randomUid } from '../verbs/random-names.ts';
import { InvalidAnswer, applyVerdict, makeReview, readReview, refusal, type Verdict } from './admission-review.ts';
import type { WriteAttributes, WriteObjects } from './attributes.ts';
import { unansweredWords } from './answer-words.ts';
import { matchRules, matchSelectors } from './matching.ts';
import { reviewForm } from './review-form.ts';
import { addressOf } from './service-address.ts';
import { readWebhooks, type Webhook } from './webhook.ts';
import type { WebhookCall, WebhookCaller } from './webhook-caller.ts';

const GROUP = 'admissionregistration.k8s.io';
const MUTATING = `${GROUP}/mutatingwebhookconfigurations`;
const VALIDATING = `${GROUP}/validatingwebhookconfigurations`;

/** All warnings of one answer together, in characters; past it each is cut short (apiserver's `endpoints/filters/warning.go`). */
const WARNINGS_LENGTH_MAX = 4096;
const CUT_WARNING_LENGTH = 256;

export interface AdmissionOptions {
  readonly store: ObjectStore;
  readonly registry: Registry;
  readonly caller: WebhookCaller;
  readonly random: Random;
  readonly logger: Logger;
}

/** A webhook that a write concerns by its rules, and the kind it wants to see. */
interface Concern {
  readonly webhook: Webhook;
  readonly asked: ResourceKind;
}

/** One write, all the way through. */
export interface WriteReview {
  /** Whether the object may still change. */
  readonly mutates: boolean;
  /** Texts for `Warning` headers, as far as they have come. */
  readonly warnings: readonly string[];
  /**
   * What the mutating webhooks make of the object. `object` is left as it is.
   * @param reread reads what a webhook has made as if it came from outside: by schema, with defaults
   * @throws StatusError
   */
  mutate<T extends JsonObject | undefined>(object: T, oldObject: JsonObject | undefined, reread: (object: JsonObject) => JsonObject): Promise<T>;
  /** @throws StatusError when one says no */
  validate(objects: WriteObjects): Promise<void>;
}

export class Admission {
  readonly #options: AdmissionOptions;
  readonly #mutating: WebhookTable;
  readonly #validating: WebhookTable;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#mutating = new WebhookTable(options.store, MUTATING);
    this.#validating = new WebhookTable(options.store, VALIDATING);
  }

  /** Undefined when no webhook's rules take the write in: then nothing is to be waited for. */
  review(attributes: WriteAttributes): WriteReview | undefined {
    const mutating = this.#concerns(this.#mutating, attributes);
    const validating = this.#concerns(this.#validating, attributes);
    if (mutating.length === 0 && validating.length === 0) return undefined;
    const warnings: string[] = [];
    return {
      mutates: mutating.length > 0,
      get warnings() {
        return shortened(warnings);
      },
      mutate: (object, oldObject, reread) => this.#mutate(mutating, attributes, object, oldObject, reread, warnings),
      validate: (objects) => this.#validate(validating, attributes, objects, warnings),
    };
  }

  close(): void {
    this.#options.caller.close();
  }

  #concerns(table: WebhookTable, attributes: WriteAttributes): Concern[] {
    const { webhooks } = table;
    // A configuration that forbids its own repair could never be mended.
    if (webhooks.length === 0 || attributes.kind.group === GROUP) return [];
    const kinds = this.#options.registry.kinds();
    const found: Concern[] = [];
    for (const webhook of webhooks) {
      const asked = matchRules(webhook, attributes, kinds);
      if (asked) found.push({ webhook, asked });
    }
    return found;
  }

  async #mutate<T extends JsonObject | undefined>(
    concerns: readonly Concern[],
    attributes: WriteAttributes,
    object: T,
    oldObject: JsonObject | undefined,
    reread: (object: JsonObject) => JsonObject,
    warnings: string[],
  ): Promise<T> {
    let current = object;
    // Reinvocable webhooks that have been asked, and those of them behind whose back the object was changed.
    let asked = new Set<string>();
    const again = new Set<string>();
    const pass = async (isSecond: boolean): Promise<void> => {
      for (const concern of concerns) {
        const { webhook } = concern;
        if (isSecond && !again.has(webhook.id)) continue;
        if (!this.#selects(webhook, attributes, { object: current, oldObject })) continue;
        const next = await this.#askMutating(concern, attributes, current, oldObject, warnings);
        if (next !== undefined && !equalJson(next, current)) {
          current = reread(next) as T;
          for (const id of asked) again.add(id);
          asked = new Set();
        }
        if (webhook.isReinvocable) asked.add(webhook.id);
      }
    };
    await pass(false);
    if (again.size > 0) await pass(true);
    return current;
  }

  async #askMutating(
    { webhook, asked }: Concern,
    attributes: WriteAttributes,
    object: JsonObject | undefined,
    oldObject: JsonObject | undefined,
    warnings: string[],
  ): Promise<JsonObject | undefined> {
    const verdict = await this.#ask(webhook, asked, attributes, { object, oldObject }, true, warnings);
    if (!verdict || verdict.patch === undefined) return undefined;
    if (!object) {
      throw internalError(`admission webhook ${JSON.stringify(webhook.name)} attempted to modify the object, which is not supported for this operation`);
    }
    const form = reviewForm(attributes.kind, asked, attributes.subresource);
    return form.takeBack(applyVerdict(form.show(object), verdict), object);
  }

  async #validate(concerns: readonly Concern[], attributes: WriteAttributes, objects: WriteObjects, warnings: string[]): Promise<void> {
    const selected = concerns.filter(({ webhook }) => this.#selects(webhook, attributes, objects));
    const said = selected.map(() => [] as string[]);
    const outcomes = await Promise.allSettled(
      selected.map(({ webhook, asked }, index) => this.#ask(webhook, asked, attributes, objects, false, said[index] as string[])),
    );
    // In the order of the webhooks, not of their answers, so that two runs say the same.
    warnings.push(...said.flat());
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }

  #selects(webhook: Webhook, attributes: WriteAttributes, objects: WriteObjects): boolean {
    const name = attributes.kind.storedAs === '/namespaces' ? attributes.name : attributes.namespace;
    const namespace = this.#options.store.get('/namespaces', '', name)?.object;
    return matchSelectors(webhook, attributes, objects, objectAt(objectAt(namespace, 'metadata'), 'labels'));
  }

  /** Undefined when it could not be asked and that does not matter. @throws StatusError */
  async #ask(
    webhook: Webhook,
    asked: ResourceKind,
    attributes: WriteAttributes,
    objects: WriteObjects,
    isMutating: boolean,
    warnings: string[],
  ): Promise<Verdict | undefined> {
    const { random, logger } = this.#options;
    const uid = randomUid(random);
    const form = reviewForm(attributes.kind, asked, attributes.subresource);
    const stated = reviewForm(attributes.kind, attributes.kind, attributes.subresource);
    const review = makeReview(uid, attributes, form.kind, stated.kind, {
      object: objects.object && form.show(objects.object),
      oldObject: objects.oldObject && form.show(objects.oldObject),
    });
    let verdict: Verdict;
    try {
      verdict = await this.#call(webhook, uid, JSON.stringify(review), isMutating);
    } catch (error) {
      const message = `failed calling webhook ${JSON.stringify(webhook.name)}: ${error instanceof Error ? error.message : String(error)}`;
      if (!webhook.failsOpen) throw internalError(message);
      logger.warn('webhook passed over', { webhook: webhook.name, error: message });
      return undefined;
    }
    warnings.push(...verdict.warnings);
    if (!verdict.isAllowed) throw refusal(webhook.name, verdict.result);
    return verdict;
  }

  /** @throws Error in apiserver's words, without the webhook's name */
  async #call(webhook: Webhook, uid: string, body: string, isMutating: boolean): Promise<Verdict> {
    const { call, problem } = this.#callOf(webhook, body);
    let text: string;
    try {
      if (problem !== undefined) throw new Error(problem);
      const answer = await this.#options.caller.call(call);
      if (answer.status !== 200) throw new UnexpectedStatus(unansweredWords(answer.status, answer.body));
      text = answer.body;
    } catch (error) {
      if (error instanceof UnexpectedStatus) throw new Error(`failed to call webhook: ${error.message}`, { cause: error });
      throw new Error(`failed to call webhook: Post ${JSON.stringify(call.url)}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
    try {
      return readReview(text, uid, isMutating);
    } catch (error) {
      if (!(error instanceof InvalidAnswer)) throw error;
      throw new Error(`received invalid webhook response: ${error.message}`, { cause: error });
    }
  }

  #callOf({ destination, authorities, timeoutMs }: Webhook, body: string): { call: WebhookCall; problem?: string } {
    const base = { method: 'POST', authorities, timeoutMs, body } as const;
    const timeout = `?timeout=${timeoutMs / 1000}s`;
    if (destination.kind === 'url') {
      const path = /^https:\/\/[^/]+$/.test(destination.url) ? '/' : '';
      return { call: { ...base, url: destination.url + path + timeout, address: undefined } };
    }
    const { namespace, name, port, path } = destination;
    const url = `https://${name}.${namespace}.svc:${port}${path}${timeout}`;
    try {
      return { call: { ...base, url, address: addressOf(this.#options.store, destination) } };
    } catch (error) {
      return { call: { ...base, url, address: undefined }, problem: error instanceof Error ? error.message : String(error) };
    }
  }
}

class UnexpectedStatus extends Error {}

/** The webhooks of one kind of configuration, by the configurations' names, as they are now. */
class WebhookTable {
  readonly #store: ObjectStore;
  readonly #resource: string;
  #webhooks: readonly Webhook[] | undefined;

  constructor(store: ObjectStore, resource: string) {
    this.#store = store;
    this.#resource = resource;
    store.subscribe(resource, () => {
      this.#webhooks = undefined;
    });
  }

  get webhooks(): readonly Webhook[] {
    this.#webhooks ??= this.#store.list(this.#resource).flatMap((entry) => readWebhooks(entry.object));
    return this.#webhooks;
  }
}

function shortened(warnings: readonly string[]): readonly string[] {
  const length = warnings.reduce((sum, one) => sum + one.length, 0);
  return length <= WARNINGS_LENGTH_MAX ? warnings : warnings.slice(0, WARNINGS_LENGTH_MAX / CUT_WARNING_LENGTH).map((one) => one.slice(0, CUT_WARNING_LENGTH));
}
