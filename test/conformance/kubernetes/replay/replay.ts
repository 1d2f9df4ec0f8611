/** Plays one recorded scenario to a fresh embedded server and says where its answers differ. */
import { createTestApiServer, type TestApiServer, type TestAnswer } from '@sluice/local/testing';
import { compareJson } from './compare.ts';
import { at, isObject, textAt, type Exchange, type Json, type JsonObject } from './exchange.ts';
import { Names } from './names.ts';
import { withoutUnoffered } from './discovery.ts';
import { World } from './world.ts';

/** Headers whose values say something about the server's behaviour. Of an ETag only that there is one. */
const HEADERS = ['content-type', 'cache-control', 'warning', 'retry-after', 'vary', 'allow', 'location', 'www-authenticate', 'etag'];

const DIFFERENCES_SHOWN = 10;
const SLOWEST_ANSWER_MS = 5000;

export type Outcome =
  | { readonly kind: 'compared'; readonly id: string; readonly differences: readonly string[] }
  /** `not-offered`: a kind or subresource that discovery does not name. `not-recorded`: the request's body was not kept. */
  | { readonly kind: 'not-offered' | 'not-recorded'; readonly id: string; readonly what: string };

interface OpenWatch {
  readonly head: TestAnswer;
  readonly events: JsonObject[];
  isEnded: boolean;
  close(): void;
}

/** @param before exchanges of other scenarios that this one builds on; not compared */
export async function replayScenario(exchanges: readonly Exchange[], before: readonly Exchange[] = []): Promise<Outcome[]> {
  const replay = new Replay([...before, ...exchanges]);
  for (const exchange of before) await replay.play({ ...exchange, at: 0 });
  const outcomes: Outcome[] = [];
  for (const item of timeline(exchanges)) {
    await replay.advanceTo(item.at);
    if (item.kind === 'event') replay.world.atEvent(item.event);
    else if (item.kind === 'end') await replay.end(item.exchange, outcomes);
    else {
      const outcome = await replay.play(item.exchange);
      if (outcome) outcomes.push(outcome);
    }
  }
  replay.stop();
  return outcomes;
}

type Moment = { readonly at: number } & (
  | { readonly kind: 'request' | 'end'; readonly exchange: Exchange }
  | { readonly kind: 'event'; readonly event: JsonObject }
);

/** Requests, and what watches heard and when they ended, in one order. */
function timeline(exchanges: readonly Exchange[]): Moment[] {
  const moments: Moment[] = [];
  for (const exchange of exchanges) {
    moments.push({ kind: 'request', at: exchange.at, exchange });
    for (const { atMs, event } of exchange.answer.events ?? []) moments.push({ kind: 'event', at: exchange.at + atMs, event });
    if (exchange.answer.events) moments.push({ kind: 'end', at: exchange.at + (exchange.answer.ended?.atMs ?? 0) + 1, exchange });
  }
  return moments.sort((a, b) => a.at - b.at);
}

class Replay {
  readonly world: World;
  readonly #api: TestApiServer = createTestApiServer();
  readonly #names: Names;
  readonly #watches = new Map<Exchange, OpenWatch>();
  /** Path → what marks our newest answer, for conditional requests. */
  readonly #marks = new Map<string, Readonly<Record<string, string>>>();
  #now = 0;

  constructor(exchanges: readonly Exchange[]) {
    this.#names = new Names(() => this.#api.time.wallTime());
    this.world = new World(this.#api, this.#names, exchanges);
  }

  async advanceTo(at: number): Promise<void> {
    await this.#api.time.advanceAsync(Math.max(0, at - this.#now));
    this.#now = Math.max(this.#now, at);
  }

  async play(exchange: Exchange): Promise<Outcome | undefined> {
    const { id, method, answer } = exchange;
    const body = this.#bodyOf(exchange);
    if (body === null) return { kind: 'not-recorded', id, what: `${method} ${resourceOf(exchange.path)}` };
    // A 404 about an object is one of a kind that the recorded server had.
    const isAboutKind = answer.status !== 404 || textAt(answer.body, 'details', 'kind') !== '';
    if (isAboutKind && !(await this.#isOffered(exchange.path))) return { kind: 'not-offered', id, what: resourceOf(exchange.path) };
    const path = await this.#pathOf(exchange);
    // The recorded server had forgotten its past by then.
    if (isExpired(answer)) this.#api.server.compactHistory();
    if (answer.events) {
      await this.#open(exchange, path);
      return undefined;
    }
    if (method === 'GET') this.world.beforeRead(answer.body);
    else this.world.beforeWrite(answer.body, answer.status === 201 ? 'POST' : method);
    // A client with a warm cache knows what it was told in an earlier run.
    if (answer.status === 304 && !this.#marks.has(exchange.path)) this.#marks.set(exchange.path, await this.#headersFor(exchange, path));
    const ours = await this.#send(exchange, path, body);
    await this.#api.time.advanceAsync(0);
    const found = bodyOfAnswer(ours);
    if (ours.status === 404 && answer.status === 200 && isBinary(answer.body)) {
      return { kind: 'not-recorded', id, what: 'objects written and shown in protobuf alone' };
    }
    this.#names.learn(answer.body, found);
    const differences = ours.status === answer.status ? [...compareHeads(exchange, ours), ...compareBodies(this.#names.rename(this.world.withoutUnknown(withoutUnoffered(answer.body, found), found)), found)] : otherStatus(exchange, ours, found);
    if (method !== 'GET' && !/dryRun/.test(path) && answer.status < 300) this.world.afterWrite(answer.body, found, method);
    return { kind: 'compared', id, differences: shorten(differences) };
  }

  async end(exchange: Exchange, outcomes: Outcome[]): Promise<void> {
    const open = this.#watches.get(exchange);
    if (!open) return;
    await this.#api.time.advanceAsync(0);
    const recorded = (exchange.answer.events ?? []).map(({ event }) => event);
    const expected = recorded.filter((event) => this.world.isKnown(event));
    const what = 'events of objects that no answer shows whole';
    if (expected.length === 0 && recorded.length > 0) {
      outcomes.push({ kind: 'not-recorded', id: exchange.id, what });
      return;
    }
    const differences = compareHeads(exchange, open.head);
    const events = open.events.filter((event) => !this.world.isCorrection(event));
    for (let index = 0; index < Math.max(expected.length, events.length); index++) {
      const [wanted, found] = [expected[index], events[index]];
      this.#names.learn(wanted, found);
      differences.push(...compareJson(wanted, found).map((one) => `event ${index} ${one}`));
    }
    const isEnded = exchange.answer.ended?.by === 'server';
    if (open.isEnded !== isEnded) differences.push(`end: ${isEnded ? 'missing' : 'unexpected'}`);
    open.close();
    outcomes.push({ kind: 'compared', id: exchange.id, differences: shorten(differences) });
  }

  stop(): void {
    this.#api.server.stop();
  }

  async #open(exchange: Exchange, path: string): Promise<void> {
    for (const { atMs, event } of exchange.answer.events ?? []) if (atMs < 40) this.world.atEvent(event);
    const head = await this.#api.server.handle({ method: 'GET', path, headers: exchange.headers });
    const open: OpenWatch = { events: [], isEnded: head.body.kind === 'text', head: { status: head.status, headers: head.headers, text: '', json: {} }, close: () => {} };
    this.#watches.set(exchange, open);
    if (head.body.kind === 'text') {
      open.events.push(JSON.parse(head.body.text) as JsonObject);
      return;
    }
    const { stream } = head.body;
    open.close = () => stream.close();
    stream.listen({
      onText(text) {
        for (const line of text.trimEnd().split('\n')) open.events.push(JSON.parse(line) as JsonObject);
      },
      onEnd() {
        open.isEnded = true;
      },
    });
  }

  async #send(exchange: Exchange, path: string, body: string | Uint8Array | undefined): Promise<TestAnswer> {
    const asked = this.#api.server.handle({ method: exchange.method, path, headers: this.#headersOf(exchange), ...(body === undefined ? {} : { body }) });
    let isAnswered = false;
    void asked.then(() => (isAnswered = true));
    await this.#api.time.advanceAsync(0);
    // Some answers take their time: a list at a version that is yet to come.
    if (!isAnswered) await this.#api.time.advanceAsync(SLOWEST_ANSWER_MS);
    const answer = await asked;
    this.#marks.set(exchange.path, answer.headers);
    if (answer.body.kind === 'stream') {
      answer.body.stream.close();
      return { status: answer.status, headers: answer.headers, text: '<stream>', json: {} };
    }
    return { status: answer.status, headers: answer.headers, text: answer.body.text, json: {} };
  }

  async #headersFor({ headers }: Exchange, path: string): Promise<Readonly<Record<string, string>>> {
    return (await this.#api.server.handle({ method: 'GET', path, headers: { accept: headers['accept'] ?? '' } })).headers;
  }

  /** Conditional requests name what was answered last; one to which the recorded server had something new must get it here too. */
  #headersOf({ path, headers, answer }: Exchange): Record<string, string> {
    const { 'if-none-match': tag, 'if-modified-since': since, ...others } = headers;
    const rest: Record<string, string> = { ...others };
    const marks = this.#marks.get(path) ?? {};
    const isKnown = answer.status === 304;
    if (tag !== undefined) rest['if-none-match'] = isKnown ? (marks['etag'] ?? '') : '"another"';
    if (since !== undefined) rest['if-modified-since'] = isKnown ? (marks['last-modified'] ?? '') : new Date(0).toUTCString();
    return rest;
  }

  /** Null: the body was not kept. */
  #bodyOf({ body }: Exchange): string | Uint8Array | undefined | null {
    if (body === undefined) return undefined;
    if (isObject(body) && isObject(body['binary'])) {
      const { hex, first64Hex, bytes } = body['binary'];
      if (typeof hex === 'string') return Buffer.from(hex, 'hex');
      return typeof first64Hex === 'string' && first64Hex.length === Number(bytes) * 2 ? Buffer.from(first64Hex, 'hex') : null;
    }
    if (isObject(body) && body['truncated'] !== undefined) return null;
    if (isObject(body) && typeof body['text'] === 'string' && Object.keys(body).length === 1) return this.#names.fillText(body['text']);
    return JSON.stringify(this.#names.fillBody(body));
  }

  async #pathOf({ path, answer }: Exchange): Promise<string> {
    let filled = this.#names.fillText(path).replace(/(?<=[?&]resourceVersion=)[^&]+/, (version) => this.#names.versionAt(version));
    // Documents are found by the hash of their content, which is each server's own.
    if (filled.startsWith('/openapi/v3/') && answer.status === 200) {
      const root = (filled.split('?')[0] as string).slice('/openapi/v3/'.length);
      const index = await this.#api.send('GET', '/openapi/v3');
      const own = textAt(JSON.parse(index.text) as Json, 'paths', root, 'serverRelativeURL');
      filled = filled.replace(/hash=[0-9A-F]+/, own.split('?')[1] ?? '');
    }
    return filled;
  }

  async #isOffered(path: string): Promise<boolean> {
    const document = /^\/openapi\/v3\/(.+?)(\?|$)/.exec(path)?.[1];
    if (document !== undefined) return (await this.#api.send('GET', `/openapi/v3/${document}`)).status === 200;
    const group = /^\/apis\/([^/?]+)\/([^/?]+)(\?|$)/.exec(path)?.slice(1, 3).join('/');
    if (group !== undefined) return (await this.#api.send('GET', `/apis/${group}`)).status === 200;
    const match = /^\/(?:api|apis\/([^/?]+))\/([^/?]+)\/(?:watch\/)?(?:namespaces\/[^/?]+\/(?=[^?]))?([^/?]+)(?:\/[^/?]+(?:\/([^?]+))?)?/.exec(path);
    if (!match) return true;
    const [, named, version, plural = '', subresource] = match;
    const root = named === undefined ? `/api/${version}` : `/apis/${named}/${version}`;
    const { text } = await this.#api.send('GET', root);
    if (!text.startsWith('{')) return false;
    const resources = at(JSON.parse(text) as Json, 'resources');
    const names = Array.isArray(resources) ? resources.map((one) => textAt(one, 'name')) : [];
    const wanted = subresource === undefined || plural === 'namespaces' ? plural : `${plural}/${subresource.split('/')[0]}`;
    return names.includes(wanted);
  }
}

function bodyOfAnswer({ text }: TestAnswer): Json | undefined {
  if (text === '') return undefined;
  if (!text.startsWith('{')) return { text };
  return JSON.parse(text) as JsonObject;
}

/** Of many differences in one exchange the first say what is the matter, and their number that nothing was added. */
function shorten(differences: readonly string[]): readonly string[] {
  if (differences.length <= DIFFERENCES_SHOWN) return differences;
  return [...differences.slice(0, DIFFERENCES_SHOWN), `and ${differences.length - DIFFERENCES_SHOWN} more`];
}

/** Two answers of different status have nothing else to compare. */
function otherStatus({ answer }: Exchange, ours: TestAnswer, found: Json | undefined): string[] {
  const said = (body: Json | undefined): string => (textAt(body, 'message') === '' ? '' : ` ${JSON.stringify(textAt(body, 'message'))}`);
  return [`status: found ${ours.status}${said(found)}, expected ${answer.status}${said(answer.body)}`];
}

function compareHeads({ answer }: Exchange, ours: TestAnswer): string[] {
  const differences: string[] = [];
  if (ours.status !== answer.status) differences.push(`status: found ${ours.status}, expected ${answer.status}`);
  for (const name of HEADERS) {
    const shorten = (value: string | undefined): string => (value === undefined ? 'none' : name === 'etag' ? 'some' : value.replace(/hash=[0-9A-F]+/, 'hash'));
    const [found, expected] = [shorten(ours.headers[name]), shorten(answer.headers[name])];
    if (found !== expected) differences.push(`${name}: found ${found}, expected ${expected}`);
  }
  return differences;
}

function compareBodies(expected: Json | undefined, found: Json | undefined): string[] {
  if (expected === undefined) return [];
  if (isBinary(expected)) return [];
  return compareJson(expected, found);
}

function isBinary(body: Json | undefined): boolean {
  return isObject(body) && body['binary'] !== undefined;
}

function isExpired({ status, events }: Exchange['answer']): boolean {
  return status === 410 || (events ?? []).some(({ event }) => event['type'] === 'ERROR' && at(event, 'object', 'code') === 410);
}

function resourceOf(path: string): string {
  return (path.split('?')[0] as string).replace(/\/namespaces\/[^/]+\/(?=.)/, '/').split('/').slice(1, path.startsWith('/apis') ? 5 : 4).join('/');
}
