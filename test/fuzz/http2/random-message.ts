/** Heads out of chance: names that repeat, so that tables are used, and values of every length and letter. */
import { randomInt, type Random } from '@sluice/kernel';

export type Field = readonly [name: string, value: string];

const names = ['accept', 'user-agent', 'x-request-id', 'x-one', 'grpc-timeout', 'content-type', 'authorization', 'x-b3-traceid', 'referer', 'etag'];
const letters = Array.from({ length: 94 }, (_, index) => String.fromCharCode(33 + index)).join('');

export function randomFields(random: Random): Field[] {
  const seen = new Set<string>();
  const fields = Array.from({ length: randomInt(random, 12) }, () => [randomName(random), randomValue(random)] as const);
  // Of some names Node sends one only; ours may come again.
  return fields.filter(([name]) => name.startsWith('x-') || (!seen.has(name) && seen.add(name)));
}

export function randomPath(random: Random): string {
  return `/${randomText(random, randomInt(random, 30)).replaceAll(/[#"<>\\^`{|}]/g, 'a')}`;
}

function randomName(random: Random): string {
  const known = names[randomInt(random, names.length * 2)];
  return known ?? `x-${randomInt(random, 50)}`;
}

function randomValue(random: Random): string {
  const draw = randomInt(random, 8);
  if (draw < 4) return `value ${randomInt(random, 5)}`;
  return randomText(random, draw === 7 ? randomInt(random, 3000) : randomInt(random, 60));
}

function randomText(random: Random, length: number): string {
  let text = '';
  for (let index = 0; index < length; index += 1) text += letters[randomInt(random, letters.length)];
  return text;
}
