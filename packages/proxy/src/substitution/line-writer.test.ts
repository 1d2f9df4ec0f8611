import { Buffer } from 'node:buffer';
import { HeaderBlock, knownBit } from '@sluice/http';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { LineWriter } from './line-writer.ts';

test('texts become UTF-8, whatever they hold', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.string(), fc.string({ unit: 'binary' }))), (texts) => {
      const line = new LineWriter();
      for (const text of texts) line.text(text);
      expect(line.take()).toEqual(Buffer.from(texts.map((text) => Buffer.from(text).toString()).join('')));
    }),
  );
});

test('numbers read as they would in a string', () => {
  fc.assert(
    fc.property(fc.oneof(fc.integer(), fc.double(), fc.nat(20), fc.constantFrom(0, 9, 10, 99, 100, 0x7f_ff_ff_ff, 0x80_00_00_00, -1)), (number) => {
      const line = new LineWriter();
      line.number(number);
      expect(line.take().toString()).toBe(String(number));
    }),
  );
});

test('digits are filled up with zeros', () => {
  const line = new LineWriter();
  line.digits(7, 3);
  line.digits(0, 1);
  line.digits(999, 3);
  expect(line.take().toString()).toBe('0070999');
});

test('values of fields are joined, and bytes above ASCII become UTF-8', () => {
  fc.assert(
    fc.property(fc.constantFrom('x-a', 'via', 'user-agent'), fc.array(fc.string({ unit: fc.integer({ min: 0x20, max: 0xff }).filter((code) => code !== 0x7f).map((code) => String.fromCharCode(code)) })), (name, values) => {
      const block = new HeaderBlock();
      block.add('x-other', 'o');
      for (const value of values) block.add(name, value);
      const line = new LineWriter();
      expect(line.field(block, name, knownBit(name))).toBe(values.length > 0);
      expect(line.take().toString()).toBe(block.get(name) ?? '');
    }),
  );
});

test('a field that was removed is not there', () => {
  const block = new HeaderBlock();
  block.add('x-a', '1');
  block.add('x-a', '2');
  block.remove('x-a');
  const line = new LineWriter();
  expect(line.field(block, 'x-a', 0)).toBe(false);
  expect(line.length).toBe(0);
});

test('what was taken is not written over', () => {
  const line = new LineWriter();
  line.text('one');
  const taken = line.take();
  line.text('two');
  expect(taken.toString()).toBe('one');
});

test('a line may be longer than any memory it begins with', () => {
  const line = new LineWriter();
  line.text('a');
  line.text('b'.repeat(100_000));
  expect(line.take().toString()).toBe(`a${'b'.repeat(100_000)}`);
});
