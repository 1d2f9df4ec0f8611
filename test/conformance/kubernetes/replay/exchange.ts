/** One recorded request and its answer, as `recordings/reduce.ts` writes them. */
import { readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';

export type Json = string | number | boolean | null | Json[] | JsonObject;
export interface JsonObject {
  [key: string]: Json;
}

export interface Exchange {
  readonly scenario: string;
  /** `<scenario's number> <step>.<exchange>`: what a difference is named by. */
  readonly id: string;
  /** When it was sent, in ms since the scenario began. */
  readonly at: number;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON, `{text}` or `{binary: {hex}}`. */
  readonly body?: Json;
  readonly answer: Answer;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Json;
  /** Of a watch: what came, in ms since the request. */
  readonly events?: readonly { readonly atMs: number; readonly event: JsonObject }[];
  readonly ended?: { readonly atMs: number; readonly by: string };
}

/** All of them, by scenario, in the order in which they were sent. */
export function readRecordings(): Map<string, Exchange[]> {
  const packed = readFileSync(new URL('../recordings/exchanges.ndjson.br', import.meta.url));
  const scenarios = new Map<string, Exchange[]>();
  for (const line of brotliDecompressSync(packed).toString('utf8').trimEnd().split('\n')) {
    const exchange = JSON.parse(line) as Exchange;
    const exchanges = scenarios.get(exchange.scenario);
    if (exchanges) exchanges.push(exchange);
    else scenarios.set(exchange.scenario, [exchange]);
  }
  return scenarios;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function at(value: Json | undefined, ...steps: string[]): Json | undefined {
  let found = value;
  for (const step of steps) found = isObject(found) ? found[step] : undefined;
  return found;
}

export function textAt(value: Json | undefined, ...steps: string[]): string {
  const found = at(value, ...steps);
  return typeof found === 'string' ? found : '';
}
