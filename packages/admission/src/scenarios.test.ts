/**
 * Breaker and throttler by scenario files. Requests have names; under each command stands what came of it, in order, and
 * then how many run and wait.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { createSeededRandom } from '@sluice/kernel';
import { runScenario, type ScenarioCommand } from '@sluice/kernel/testing';
import { expect, test } from 'vitest';
import { Breaker, type Reservation } from './breaker.ts';
import { Throttler, type Assignment } from './throttler.ts';

const folderOf = (name: string) => new URL(`../testdata/${name}/`, import.meta.url);

test.each(readdirSync(folderOf('breaker')))('breaker: %s', async (file) => {
  const path = new URL(file, folderOf('breaker'));
  const scenario = new BreakerScenario();
  const text = runScenario(readFileSync(path, 'utf8'), (command) => scenario.run(command));
  await expect(text).toMatchFileSnapshot(path.pathname);
});

test.each(readdirSync(folderOf('throttler')))('throttler: %s', async (file) => {
  const path = new URL(file, folderOf('throttler'));
  const scenario = new ThrottlerScenario();
  const text = runScenario(readFileSync(path, 'utf8'), (command) => scenario.run(command));
  await expect(text).toMatchFileSnapshot(path.pathname);
});

/** Numbers of options that must be there. */
function numberOf({ options }: ScenarioCommand, name: string, fallback: number): number {
  return Number(options.get(name) ?? fallback);
}

class BreakerScenario {
  #breaker = new Breaker({ queueDepth: 1, concurrencyMax: 1, initialCapacity: 1 });
  readonly #held = new Map<string, Reservation>();
  #said: string[] = [];

  run(command: ScenarioCommand): readonly string[] {
    this.#said = [];
    const { name, words } = command;
    switch (name) {
      case 'breaker':
        return this.#create(command);
      case 'come':
        for (const word of words) this.#come(word);
        break;
      case 'reserve':
        for (const word of words) this.#reserve(word);
        break;
      case 'end':
      case 'leave':
        for (const word of words) this.#held.get(word)?.release();
        break;
      case 'capacity':
        this.#breaker.setCapacity(Number(words[0]));
        break;
      default:
        throw new Error(`unknown command ${name}`);
    }
    return [...this.#said, `${this.#breaker.inFlight} of ${this.#breaker.capacity} run, ${this.#breaker.waiting} wait`];
  }

  #create(command: ScenarioCommand): readonly string[] {
    const concurrencyMax = numberOf(command, 'max', 1);
    try {
      this.#breaker = new Breaker({ queueDepth: numberOf(command, 'depth', 1), concurrencyMax, initialCapacity: numberOf(command, 'initial', concurrencyMax) });
      return ['made'];
    } catch (error) {
      return [(error as Error).message];
    }
  }

  #come(name: string): void {
    const reservation = this.#breaker.acquire(() => this.#said.push(`${name} runs`));
    if (!reservation) return void this.#said.push(`${name} is refused`);
    this.#held.set(name, reservation);
    this.#said.push(`${name} ${reservation.admitted ? 'runs' : 'waits'}`);
  }

  #reserve(name: string): void {
    const reservation = this.#breaker.reserve();
    if (reservation) this.#held.set(name, reservation);
    this.#said.push(`${name} ${reservation ? 'runs' : 'has no place'}`);
  }
}

class ThrottlerScenario {
  #throttler = new Throttler({ containerConcurrency: 1, random: createSeededRandom(1) });
  readonly #held = new Map<string, Assignment>();
  #said: string[] = [];

  run(command: ScenarioCommand): readonly string[] {
    this.#said = [];
    const { name, words } = command;
    switch (name) {
      case 'throttler':
        this.#throttler = new Throttler({ containerConcurrency: numberOf(command, 'limit', 0), queueDepth: numberOf(command, 'depth', 10_000), random: createSeededRandom(numberOf(command, 'seed', 1)) });
        break;
      case 'pods':
        this.#throttler.setPods(words);
        break;
      case 'share':
        this.#throttler.setShare({ index: numberOf(command, 'index', 0), count: numberOf(command, 'count', 1) });
        break;
      case 'come':
        for (const word of words) this.#come(word);
        break;
      case 'end':
      case 'leave':
        for (const word of words) this.#held.get(word)?.release();
        break;
      case 'gone':
        this.#throttler.close();
        break;
      default:
        throw new Error(`unknown command ${name}`);
    }
    const { inFlight, waiting, capacity, assignedPods } = this.#throttler;
    return [...this.#said, `${inFlight} of ${capacity} run, ${waiting} wait; pods: ${assignedPods.join(' ') || 'none'}`];
  }

  #come(name: string): void {
    const assignment = this.#throttler.acquire({
      onAssigned: () => this.#said.push(`${name} goes to ${this.#held.get(name)?.address}`),
      onRefused: () => this.#said.push(`${name} is refused: the revision is gone`),
    });
    if (!assignment) return void this.#said.push(`${name} is refused`);
    this.#held.set(name, assignment);
    this.#said.push(assignment.address === undefined ? `${name} waits` : `${name} goes to ${assignment.address}`);
  }
}
