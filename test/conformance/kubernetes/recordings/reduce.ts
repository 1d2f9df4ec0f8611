/**
 * Makes `exchanges.ndjson.br` out of a folder of recorded conversations with a Kubernetes API server, one JSON file per scenario with
 * `steps[].exchanges[]`: the requests of kubectl, helm and client-go, and what the server answered. Dropped are OpenAPI documents,
 * headers that say nothing about the server, and what the recorder answered itself.
 *
 *     node test/conformance/kubernetes/recordings/reduce.ts <folder>
 */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';

type Value = string | number | boolean | null | Value[] | { [key: string]: Value };
type Fields = { [key: string]: Value };

const REQUEST_HEADERS = ['accept', 'content-type', 'user-agent', 'if-none-match', 'if-modified-since'];

/** Features of which a server without them differs by the forms of answer it has. */
const HIDDEN_BY_ACCEPT = ['agg', 'table', 'jsonout'];

const folder = process.argv[2];
if (folder === undefined) throw new Error('give the folder with the recordings');

const lines: string[] = [];
for (const file of readdirSync(folder).filter((name) => name.endsWith('.json')).sort()) {
  const recording = JSON.parse(readFileSync(join(folder, file), 'utf8')) as { scenario: string; steps: Fields[] };
  const exchanges: Fields[] = [];
  for (const step of recording.steps) {
    for (const exchange of (step['exchanges'] ?? []) as Fields[]) {
      const response = exchange['response'] as Fields | undefined;
      if (!response || exchange['madeByRecorder'] === true || response['madeByRecorder'] === true) continue;
      exchanges.push(reduceExchange(recording.scenario, step, exchange, response));
    }
  }
  exchanges.sort((a, b) => Number(a['at']) - Number(b['at']));
  lines.push(...exchanges.map((one) => JSON.stringify(one)));
}
const text = Buffer.from(`${lines.join('\n')}\n`);
const parameters = { [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_SIZE_HINT]: text.length };
const packed = brotliCompressSync(text, { params: parameters });
writeFileSync(join(import.meta.dirname, 'exchanges.ndjson.br'), packed);
process.stdout.write(`${lines.length} exchanges, ${text.length} bytes, ${packed.length} packed\n`);

function reduceExchange(scenario: string, step: Fields, exchange: Fields, response: Fields): Fields {
  const request = exchange['request'] as Fields;
  const headers = (request['headers'] ?? {}) as Fields;
  const reduced: Fields = {
    scenario,
    id: `${scenario.slice(0, 2)} ${String(step['n'])}.${String(exchange['n'])}`,
    at: exchange['startMs'] ?? 0,
    method: exchange['method'] ?? '',
    path: exchange['path'] ?? '',
    headers: Object.fromEntries(REQUEST_HEADERS.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]]))),
  };
  // Between these clients and the server stood a proxy that hid what newer servers can do.
  const hides = String(step['degraded'] ?? '');
  if (HIDDEN_BY_ACCEPT.includes(hides) && (hides !== 'agg' || /^\/apis?\?/.test(String(reduced['path'])))) {
    reduced['headers'] = { ...(reduced['headers'] as Fields), accept: 'application/json' };
  }
  if (request['body'] !== undefined) reduced['body'] = request['body'];
  const answer: Fields = { status: response['status'] ?? 0, headers: response['headers'] ?? {} };
  const body = response['body'] as Fields | undefined;
  if (body !== undefined && body?.['omitted'] === undefined && body?.['truncated'] === undefined) answer['body'] = body;
  for (const name of ['events', 'ended']) if (response[name] !== undefined) answer[name] = response[name] as Value;
  reduced['answer'] = answer;
  return reduced;
}
