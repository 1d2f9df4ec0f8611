/** `sluice pc`: what a proxy has been told, from its admin server or from a dump in a file. */
import { readFile } from 'node:fs/promises';

import { readFormat, render, type Answer, type OutputFormat } from '../output.ts';
import { clustersAnswer } from './clusters.ts';
import { readDump, type DumpedResource, type ProxyDump } from './dump.ts';
import { endpointsAnswer, endpointsOfDump, endpointsOfStatuses } from './endpoints.ts';
import { listenersAnswer } from './listeners.ts';
import { routesAnswer } from './routes.ts';

export const dumpKinds = ['listeners', 'routes', 'clusters', 'endpoints'] as const;
export type DumpKind = (typeof dumpKinds)[number];

/** As they stand on the command line. */
export interface PcFlags {
  readonly file?: string;
  readonly output?: string;
  readonly name?: string;
  readonly fqdn?: string;
  readonly address?: string;
  readonly port?: string;
  readonly status?: string;
}

export interface PcStreams {
  /** Data. */
  readonly write: (text: string) => void;
  /** A line for people. */
  readonly say: (line: string) => void;
}

/** How long an admin server may take to answer, in ms. Chosen: a dump of 10,000 services takes a second or two. */
const answerMsMax = 30_000;

/**
 * Fulfils with the exit code.
 * @param proxy the admin server's `host:port` or URL; unused with `--file`
 */
export async function runPc(kind: DumpKind, proxy: string | undefined, flags: PcFlags, { write, say }: PcStreams): Promise<number> {
  const format = readFormat(flags.output, say);
  if (format === undefined) return 2;
  if (flags.file !== undefined && proxy !== undefined) {
    say('error: give a proxy or --file, not both');
    return 2;
  }
  try {
    const source = flags.file === undefined ? await askProxy(kind, proxy ?? 'localhost:9901') : await readSource(flags.file);
    write(await answer(kind, source, flags, format, say));
    return 0;
  } catch (error) {
    say(`error: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}

/** What came, and from where, for messages. */
interface Source {
  readonly json: unknown;
  readonly from: string;
}

async function answer(kind: DumpKind, { json, from }: Source, flags: PcFlags, format: OutputFormat, say: (line: string) => void): Promise<string> {
  const statuses = kind === 'endpoints' ? endpointsOfStatuses(json) : undefined;
  if (statuses) return render(endpointsAnswer(statuses, flags), format, say);
  const dump = readDump(json);
  if (dump === undefined) {
    throw new Error(`${from} is no dump of a proxy's configuration: it has no list "configs"\n  save one with: curl 'localhost:9901/config_dump?include_eds' > dump.json`);
  }
  const text = answerFromDump(kind, dump, flags, format, say);
  for (const { refusal } of refusedIn(kind, dump)) say(`refused: ${refusal}`);
  return text;
}

function answerFromDump(kind: DumpKind, dump: ProxyDump, flags: PcFlags, format: OutputFormat, say: (line: string) => void): string {
  const text = <Row>(found: Answer<Row>) => render(found, format, say);
  switch (kind) {
    case 'listeners':
      return text(listenersAnswer(dump, flags));
    case 'routes':
      return text(routesAnswer(dump, flags));
    case 'clusters':
      return text(clustersAnswer(dump, flags));
    case 'endpoints':
      return text(endpointsAnswer(endpointsOfDump(dump), flags));
  }
}

function refusedIn(kind: DumpKind, dump: ProxyDump): readonly DumpedResource[] {
  return dump[kind].filter(({ refusal }) => refusal !== '');
}

async function askProxy(kind: DumpKind, proxy: string): Promise<Source> {
  const base = /^https?:\/\//.test(proxy) ? proxy.replace(/\/+$/, '') : `http://${proxy}`;
  const url = `${base}${kind === 'endpoints' ? '/clusters?format=json' : '/config_dump'}`;
  let response: Response;
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(answerMsMax) });
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw new Error(`cannot ask the admin server at ${proxy}: ${reasonOf(cause)}\n  is it another address? sluice pc ${kind} 127.0.0.1:9901, or -f dump.json for a dump in a file`, { cause: error });
  }
  const body = await response.text();
  if (!response.ok) throw new Error(`the admin server at ${proxy} answered ${response.status} to ${url}: ${body.trim().slice(0, 200)}`);
  return { json: parse(body, url), from: url };
}

async function readSource(file: string): Promise<Source> {
  let text: string;
  try {
    text = file === '-' ? await readStandardInput() : await readFile(file, 'utf8');
  } catch (error) {
    throw new Error(`cannot read ${file}: ${reasonOf(error)}`, { cause: error });
  }
  return { json: parse(text, file), from: file };
}

async function readStandardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function parse(text: string, from: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${from} is not JSON: ${reasonOf(error)}`, { cause: error });
  }
}

/** The system's own words; some of its errors have only a code. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  return error.message || code || error.name;
}
