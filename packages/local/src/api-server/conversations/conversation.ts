/** Reads a conversation file, plays it to a server and says where the answers differ. */
import { parse } from 'yaml';
import type { TestAnswer, TestApiServer } from '../../testing/test-api-server.ts';
import { isObject, type Json, type JsonObject } from '../json.ts';

export interface Step {
  readonly say: string;
  readonly request: string;
  readonly body: unknown;
  readonly type: string | undefined;
  readonly accept: string | undefined;
  readonly status: number;
  readonly headers: JsonObject;
  readonly answer: Json | undefined;
  readonly text: string | undefined;
  readonly keep: JsonObject;
  readonly settle: boolean;
}

/** A step without words is named by its request. */
export function readConversation(yaml: string): Step[] {
  const steps = parse(yaml) as JsonObject[];
  return steps.map((step) => ({
    say: String(step['say'] ?? step['request']),
    request: String(step['request']),
    body: step['body'],
    type: step['type'] === undefined ? undefined : String(step['type']),
    accept: step['accept'] === undefined ? undefined : String(step['accept']),
    status: Number(step['status']),
    headers: isObject(step['headers']) ? step['headers'] : {},
    answer: step['answer'],
    text: step['text'] === undefined ? undefined : String(step['text']),
    keep: isObject(step['keep']) ? step['keep'] : {},
    settle: step['settle'] === true,
  }));
}

/** All differences between what is expected and what came, as `place: found, expected`. */
export async function playConversation(steps: readonly Step[], api: TestApiServer): Promise<string[]> {
  const kept = new Map<string, string>();
  const differences: string[] = [];
  for (const step of steps) {
    const answer = await sendStep(step, api, kept);
    const found: string[] = [];
    if (answer.status !== step.status) found.push(`status: found ${answer.status}, expected ${step.status}: ${answer.text}`);
    if (step.text !== undefined && answer.text !== step.text) found.push(`text: found ${answer.text}, expected ${step.text}`);
    const fill = (value: Json): Json => fillIn(value, kept);
    if (step.answer !== undefined) compare(answer.json, fill(step.answer), '', found);
    compare({ ...answer.headers }, fill(step.headers), 'headers', found);
    differences.push(...found.map((one) => `${step.say}: ${one}`));
    for (const [name, place] of Object.entries(step.keep)) kept.set(name, String(valueAt(answer.json, String(place))));
    if (step.settle) await api.time.advanceAsync(10);
  }
  return differences;
}

function sendStep(step: Step, api: TestApiServer, kept: ReadonlyMap<string, string>): Promise<TestAnswer> {
  const [method = '', path = ''] = String(fillIn(step.request, kept)).split(' ');
  const headers: Record<string, string> = {};
  if (step.type !== undefined) headers['content-type'] = step.type;
  if (step.accept !== undefined) headers['accept'] = step.accept;
  const body = step.body === undefined ? undefined : repeated(fillIn(step.body as Json, kept));
  return api.send(method, path, body, headers);
}

/** `repeat:<text with #>:<count>` is the text with that many x in the place of #. */
function repeated(body: Json): Json {
  const match = typeof body === 'string' ? /^repeat:(.*):(\d+)$/s.exec(body) : null;
  return match ? (match[1] as string).replace('#', 'x'.repeat(Number(match[2]))) : body;
}

function compare(found: Json | undefined, expected: Json, place: string, into: string[]): void {
  if (expected === '<any>') {
    if (found === undefined) into.push(`${place}: found nothing`);
  } else if (expected === '<none>') {
    if (found !== undefined) into.push(`${place}: found ${JSON.stringify(found)}, expected nothing`);
  } else if (Array.isArray(expected)) {
    if (!Array.isArray(found) || found.length !== expected.length) {
      into.push(`${place}: found ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`);
    } else for (const [index, item] of expected.entries()) compare(found[index], item, `${place}[${index}]`, into);
  } else if (isObject(expected)) {
    if (!isObject(found)) into.push(`${place}: found ${JSON.stringify(found)}, expected an object`);
    else for (const [key, value] of Object.entries(expected)) compare(found[key], value, place === '' ? key : `${place}.${key}`, into);
  } else if (found !== expected) {
    into.push(`${place}: found ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`);
  }
}

function fillIn(value: Json, kept: ReadonlyMap<string, string>): Json {
  if (typeof value === 'string') return value.replaceAll(/\$\{(\w+)\}/g, (_whole, name: string) => kept.get(name) ?? `<${name} was not kept>`);
  if (Array.isArray(value)) return value.map((item) => fillIn(item, kept));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, fillIn(child, kept)]));
}

function valueAt(value: Json, place: string): Json | undefined {
  let found: Json | undefined = value;
  for (const step of place.split('.')) found = isObject(found) ? found[step] : undefined;
  return found;
}
