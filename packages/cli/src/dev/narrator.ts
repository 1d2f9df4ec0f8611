/**
 * Says what happens, in lines for people: one line for one thing, the time in front, the subject in a column.
 * It is told facts and keeps only what it needs not to say the same thing twice.
 */
import { formatProblem, type Problem } from '@sluice/kernel';
import { formatDuration } from '../terminal/duration.ts';
import type { Style } from '../terminal/style.ts';
import type { ColdStart } from './cold-start.ts';

export interface ScaleDecision {
  /** `<namespace>/<revision>`. */
  readonly revision: string;
  readonly from: number;
  readonly to: number;
  readonly reason: string;
}

export interface NarratorOptions {
  readonly write: (text: string) => void;
  readonly style: Style;
  /** Milliseconds since the epoch. */
  readonly wallTime: () => number;
}

/** The widest subject that still lines up; longer ones push their own line to the right. */
const subjectWidth = 14;

export class Narrator {
  readonly #write: (text: string) => void;
  readonly #style: Style;
  readonly #wallTime: () => number;
  /** Subject → the last thing said about its state, so that a condition that is written again is not news. */
  readonly #said = new Map<string, string>();

  constructor({ write, style, wallTime }: NarratorOptions) {
    this.#write = write;
    this.#style = style;
    this.#wallTime = wallTime;
  }

  /** A plain line, without a time: for set-up and hints. */
  say(text = ''): void {
    this.#write(`${text}\n`);
  }

  /** One step of the set-up that has been done. */
  step(what: string, detail: string): void {
    this.say(`  ${this.#style.good('✓')} ${what.padEnd(subjectWidth)} ${this.#style.dim(detail)}`);
  }

  problems(problems: readonly Problem[]): void {
    for (const found of problems) this.say(`  ${this.#style.bad('✗')} ${formatProblem(found)}`);
  }

  scale({ revision, from, to, reason }: ScaleDecision): void {
    this.#line(shortName(revision), `${this.#style.bold(`${from} → ${to}`)}  ${this.#style.dim(reason)}`);
  }

  coldStart({ revision, totalMs, phases }: ColdStart): void {
    const parts = phases.map(({ name, ms }) => `${name} ${formatDuration(ms)}`).join(' · ');
    this.#line(shortName(revision), `${this.#style.bold(`cold start ${formatDuration(totalMs)}`)}: ${parts}`);
  }

  /** A service can be reached, or leads elsewhere than before. `traffic` says where, in words. */
  serving(service: string, url: string, traffic: string): void {
    if (!this.#isNews(`serving ${service}`, `${url} ${traffic}`)) return;
    this.#line(shortName(service), `${this.#style.link(url)}  ${this.#style.dim(`serves ${traffic}`)}`);
  }

  /** Something is wrong with an object, as its conditions say. */
  failing(subject: string, reason: string, message: string): void {
    if (!this.#isNews(`failing ${subject}`, `${reason} ${message}`)) return;
    const [first = '', ...rest] = message.trimEnd().split('\n');
    this.#line(shortName(subject), `${this.#style.bad(`✗ ${reason}`)}: ${first}`, rest);
  }

  /** What was wrong is wrong no longer. */
  recovered(subject: string): void {
    if (!this.#said.delete(`failing ${subject}`)) return;
    this.#line(shortName(subject), this.#style.good('✓ recovered'));
  }

  /** The service has been deleted. */
  gone(service: string): void {
    this.#said.delete(`serving ${service}`);
    this.#said.delete(`failing ${service}`);
    this.#line(shortName(service), this.#style.dim('deleted'));
  }

  /** A program that had been ready ended by itself, and is started again. `lastWords`: the end of its log. */
  ended(revision: string, how: string, lastWords: string): void {
    const words = lastWords.trimEnd();
    this.#line(shortName(revision), this.#style.warn(`ended (${how}), is started again`), words === '' ? [] : words.split('\n'));
  }

  /** The revision works, but not with as many pods as it is to have. Said once for each reason. */
  limited(revision: string, reason: string, message: string): void {
    if (!this.#isNews(`limited ${revision}`, reason)) return;
    this.#line(shortName(revision), `${this.#style.warn(reason)}: ${message}`);
  }

  /** A part of the system itself ended and comes back. */
  restarted(component: string, how: string): void {
    this.#line(component, this.#style.warn(`ended (${how}), started again`));
  }

  /** Anything else worth a line. */
  note(subject: string, text: string): void {
    this.#line(subject, text);
  }

  #isNews(key: string, fact: string): boolean {
    if (this.#said.get(key) === fact) return false;
    this.#said.set(key, fact);
    return true;
  }

  #line(subject: string, text: string, more: readonly string[] = []): void {
    const time = new Date(this.#wallTime());
    const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
    this.say(`${this.#style.dim(clock)}  ${subject.padEnd(subjectWidth)} ${text}`);
    for (const line of more) this.say(`${' '.repeat(10 + subjectWidth)} ${this.#style.dim(line)}`);
  }
}

/** `default/hello` is `hello` to people; other namespaces are named. */
export function shortName(key: string): string {
  return key.startsWith('default/') ? key.slice('default/'.length) : key;
}
