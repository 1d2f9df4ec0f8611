/**
 * Everything a run says, in order, on the virtual clock. Two runs of one seed must give the same journal, so
 * nothing may be written here that depends on the real world.
 */
import { createHash } from 'node:crypto';
import type { Clock, LogFields } from '@sluice/kernel';

/** How many lines are kept for a report when the whole journal is not. */
const linesKept = 80;

export class Journal {
  readonly #clock: Clock;
  readonly #hash = createHash('sha256');
  readonly #print: ((line: string) => void) | undefined;
  readonly #last: string[] = [];
  #count = 0;

  /** @param print gets each line as it is written; absent for none */
  constructor(clock: Clock, print?: (line: string) => void) {
    this.#clock = clock;
    this.#print = print;
  }

  write(source: string, event: string, fields?: LogFields): void {
    const rest = fields === undefined ? '' : ` ${formatFields(fields)}`;
    const line = `${(this.#clock.now() / 1000).toFixed(6).padStart(11)} ${source.padEnd(14)} ${event}${rest}`;
    this.#count += 1;
    this.#hash.update(line).update('\n');
    this.#print?.(line);
    this.#last.push(line);
    if (this.#last.length > linesKept) this.#last.shift();
  }

  /** The most recent lines, oldest first. */
  get lastLines(): readonly string[] {
    return this.#last;
  }

  get lineCount(): number {
    return this.#count;
  }

  /** Of all lines so far. */
  digest(): string {
    return this.#hash.copy().digest('hex').slice(0, 16);
  }
}

function formatFields(fields: LogFields): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${formatValue(value)}`)
    .join(' ');
}

function formatValue(value: unknown): string {
  if (typeof value === 'string') return value.includes(' ') || value === '' ? JSON.stringify(value) : value;
  if (value instanceof Error) return JSON.stringify(`${'code' in value ? `${String(value.code)}: ` : ''}${value.message}`);
  if (value === undefined) return '-';
  return JSON.stringify(value, (_, inner: unknown) => (inner instanceof Error ? inner.message : inner));
}
