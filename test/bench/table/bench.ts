/**
 * All lines at once: what the proxy must reach, what it has reached, and whether that is enough. The shots of each part are kept in a
 * folder as they come, and what a run before has measured of the same commit is not measured again.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeMachine, renderMachine, type Machine } from '../method/machine.ts';
import { judge, renderVerdicts, type Verdict } from '../method/verdict.ts';
import { parts, type Part, type PartOptions, type PartResult } from './parts.ts';

export interface TableOptions {
  readonly rounds: number;
  readonly seconds: number;
  /** Names of parts, or what they begin with; empty for all. */
  readonly only: readonly string[];
  /** A part that would end later is left for another run. */
  readonly minutes: number;
  /** For the raw shots, one file for each part. */
  readonly out: string;
  readonly port: number;
  readonly print: (line: string) => void;
}

export interface TableResult {
  readonly verdicts: readonly Verdict[];
  /** Parts that were not measured now because a run before had. */
  readonly kept: readonly string[];
  /** Parts for which there was no time. */
  readonly left: readonly string[];
}

/** What a file of `out` holds. */
interface KeptPart {
  readonly part: string;
  readonly rounds: number;
  readonly seconds: number;
  readonly machine: Machine;
  readonly verdicts: readonly Verdict[];
}

const resultsFolder = join(import.meta.dirname, '../results');

export async function run(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      only: { type: 'string', default: '' },
      minutes: { type: 'string', default: '20' },
      out: { type: 'string' },
      port: { type: 'string', default: '18800' },
    },
  });
  await measureTable({
    rounds: Number(values.rounds ?? (values.quick ? 3 : 5)),
    seconds: Number(values.seconds ?? (values.quick ? 1 : 2)),
    only: values.only === '' ? [] : values.only.split(','),
    minutes: Number(values.minutes),
    out: values.out ?? join(resultsFolder, new Date().toISOString().slice(0, 16).replaceAll(':', '')),
    port: Number(values.port),
    print: (line) => console.log(line),
  });
  return 0;
}

export async function measureTable(options: TableOptions): Promise<TableResult> {
  const { rounds, seconds, only, minutes, out, port, print } = options;
  const begun = performance.now();
  const machine = describeMachine();
  const wanted = parts.filter(({ name }) => only.length === 0 || only.some((start) => name.startsWith(start)));
  const verdicts: Verdict[] = [];
  const [kept, left]: [string[], string[]] = [[], []];
  mkdirSync(out, { recursive: true });
  print(`${wanted.length} parts, about ${Math.ceil(wanted.reduce((sum, part) => sum + part.estimate(options), 0) / 60)} minutes; raw shots in ${out}`);
  for (const part of wanted) {
    const known = readKept(out, part, options, machine);
    if (known) {
      verdicts.push(...known.verdicts);
      kept.push(part.name);
      continue;
    }
    if ((performance.now() - begun) / 1_000 + part.estimate(options) > minutes * 60) {
      left.push(part.name);
      continue;
    }
    const result = await measured(part, { rounds, seconds, port, print });
    if (result.kind === 'skipped') print(`${part.name} skipped: ${result.reason}`);
    else {
      writeFileSync(fileOf(out, part), JSON.stringify({ part: part.name, rounds, seconds, ...result }, null, 1));
      verdicts.push(...result.verdicts);
    }
  }
  print(`\n${renderMachine(machine)}; ${rounds} rounds of ${seconds} s, ${Math.ceil((performance.now() - begun) / 1_000)} s`);
  print(renderVerdicts(verdicts));
  print(`${verdicts.filter((verdict) => ['met', 'at the aim'].includes(judge(verdict))).length} of ${verdicts.length} lines are met`);
  if (kept.length > 0) print(`measured before, of the same commit: ${kept.join(', ')}`);
  if (left.length > 0) print(`no time for ${left.join(', ')}: the same command with --out ${out} measures only those`);
  return { verdicts, kept, left };
}

/** One that fails does not take the others with it. */
async function measured(part: Part, options: PartOptions): Promise<PartResult> {
  try {
    return await part.measure(options);
  } catch (error) {
    return { kind: 'skipped', reason: `it failed: ${String(error)}` };
  }
}

/** What a run before has measured of this commit in this way. Undefined: nothing, or of something else. */
function readKept(out: string, part: Part, { rounds, seconds }: TableOptions, { commit }: Machine): KeptPart | undefined {
  try {
    const found = JSON.parse(readFileSync(fileOf(out, part), 'utf8')) as KeptPart;
    return commit !== 'unknown' && found.machine.commit === commit && found.rounds === rounds && found.seconds === seconds ? found : undefined;
  } catch {
    return undefined;
  }
}

function fileOf(out: string, { name }: Part): string {
  return join(out, `${name}.json`);
}
