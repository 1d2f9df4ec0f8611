import { Buffer } from 'node:buffer';
import type { Connection, Network } from '@sluice/kernel';
import { SimulatedTime } from '@sluice/kernel/testing';
import { beforeEach, expect, test } from 'vitest';
import { OutputBuffer, OutputWriter } from './output-buffer.ts';
import { Turn } from './turn.ts';

let turn: Turn;
let output: OutputBuffer;
/** What has left, in order: who and what. */
let left: string[];
/** Names of connections that keep the memory they are given. */
let slow: Set<string>;
let afterReads: (() => void)[];

beforeEach(() => {
  turn = new Turn(new SimulatedTime());
  left = [];
  slow = new Set();
  afterReads = [];
  output = new OutputBuffer(turn, { afterReads: (work: () => void) => void afterReads.push(work) } as Network);
});

function endOfReads(): void {
  const all = afterReads;
  afterReads = [];
  for (const work of all) work();
}

function writer(name: string): OutputWriter {
  const connection = {
    write(memory: Buffer, start: number, end: number): boolean {
      left.push(`${name}:${memory.toString('latin1', start, end)}`);
      return !slow.has(name);
    },
    end: () => left.push(`${name}:END`),
    destroy: () => left.push(`${name}:CLOSED`),
  };
  return new OutputWriter(connection as unknown as Connection, output);
}

function say(to: OutputWriter, text: string): void {
  turn.enter();
  to.write(Buffer.from(text, 'latin1'), 0, text.length, false);
  turn.leave();
}

/** Many turns between two ends of reading, until writes go together. */
function becomeBusy(): void {
  const other = writer('other');
  for (let index = 0; index < 40; index += 1) say(other, '.');
  endOfReads();
  left = [];
}

test('a lonely write leaves at the end of its turn', () => {
  const a = writer('a');
  for (let index = 0; index < 200; index += 1) {
    say(a, String(index));
    expect(left.length).toBe(index + 1);
    endOfReads();
  }
});

test('when there are many, writes leave together once all is read, each connection its own and in order', () => {
  becomeBusy();
  const [a, b] = [writer('a'), writer('b')];
  say(a, '1');
  say(b, '2');
  say(a, '3');
  expect(left).toEqual([]);
  endOfReads();
  expect(left).toEqual(['a:1', 'b:2', 'a:3']);
});

test('after a while of single writes they leave at once again', () => {
  becomeBusy();
  const a = writer('a');
  for (let index = 0; index < 20; index += 1) {
    say(a, 'x');
    endOfReads();
  }
  left = [];
  say(a, 'now');
  expect(left).toEqual(['a:now']);
});

test('what a connection says before it ends leaves before the end', () => {
  becomeBusy();
  const [a, b] = [writer('a'), writer('b')];
  say(a, 'last');
  say(b, 'other');
  a.end();
  expect(left).toEqual(['a:last', 'b:other', 'a:END']);
});

test('borrowed memory does not overtake what waits', () => {
  becomeBusy();
  const a = writer('a');
  say(a, 'head ');
  turn.enter();
  a.write(Buffer.alloc(20_000, 'b'), 0, 20_000, true);
  turn.leave();
  expect(left.map((text) => text.slice(0, 8))).toEqual(['a:head ', 'a:bbbbbb']);
});

test('what waits for a connection that is over is forgotten, the rest is not', () => {
  becomeBusy();
  const [a, b] = [writer('a'), writer('b')];
  say(a, 'gone');
  say(b, 'stays');
  say(a, 'gone too');
  output.discard(a);
  endOfReads();
  expect(left).toEqual(['b:stays']);
});

test('discarding what is put together now leaves what waits', () => {
  becomeBusy();
  const [a, b] = [writer('a'), writer('b')];
  say(a, 'stays');
  turn.enter();
  b.write(Buffer.from('gone'), 0, 4, false);
  output.discard(b);
  a.write(Buffer.from('more'), 0, 4, false);
  turn.leave();
  endOfReads();
  expect(left).toEqual(['a:stays', 'a:more']);
});

test('memory that one of them still needs is not written over', () => {
  becomeBusy();
  slow.add('a');
  const [a, b] = [writer('a'), writer('b')];
  const before = output.memory;
  say(a, 'one');
  say(b, 'two');
  endOfReads();
  expect(a.isBlocked).toBe(true);
  expect(b.isBlocked).toBe(false);
  say(b, 'three');
  endOfReads();
  expect(output.memory).not.toBe(before);
  expect(before.toString('latin1', 0, 6)).toBe('onetwo');
});

test('a full buffer leaves before more is put into it', () => {
  becomeBusy();
  const [a, b] = [writer('a'), writer('b')];
  for (let index = 0; index < 20; index += 1) say(index % 2 === 0 ? a : b, String.fromCharCode(97 + index).repeat(16_000));
  endOfReads();
  const of = (name: string) => left.filter((text) => text.startsWith(name)).map((text) => text.slice(2)).join('');
  expect(of('a')).toBe(['a', 'c', 'e', 'g', 'i', 'k', 'm', 'o', 'q', 's'].map((letter) => letter.repeat(16_000)).join(''));
  expect(of('b')).toBe(['b', 'd', 'f', 'h', 'j', 'l', 'n', 'p', 'r', 't'].map((letter) => letter.repeat(16_000)).join(''));
});

test('outside a turn bytes leave at once, and what waits before them', () => {
  becomeBusy();
  const [a, b] = [writer('a'), writer('b')];
  say(a, 'first');
  b.write(Buffer.from('second'), 0, 6, false);
  expect(left).toEqual(['a:first', 'b:second']);
});

test('a connection that closes when its last is sent does so with the others, and ends where the system takes its time', () => {
  becomeBusy();
  const [a, b, c] = [writer('a'), writer('b'), writer('c')];
  slow.add('b');
  say(a, 'one');
  say(b, 'one');
  for (const one of [a, b]) {
    say(one, 'last');
    one.closeWhenSent();
  }
  c.closeWhenSent();
  expect(left).toEqual(['c:END']);
  endOfReads();
  expect(left.slice(1)).toEqual(['a:one', 'b:one', 'a:last', 'b:last', 'a:CLOSED', 'b:END']);
});
