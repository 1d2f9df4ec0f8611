import { createSeededRandom } from '@sluice/kernel';
import { expect, test } from 'vitest';
import { isSampled, isTraceParent, isTraceState, TraceParentLine } from './trace-context.ts';

const trace = '0af7651916cd43dd8448eb211c80319c';
const parent = 'b7ad6b7169203331';
const good = `00-${trace}-${parent}-01`;

test.each([
  ['as in the standard', good, true],
  ['not sampled', `00-${trace}-${parent}-00`, true],
  ['flags that are not known yet', `00-${trace}-${parent}-ff`, true],
  ['a newer version of the same length', `01-${trace}-${parent}-01`, true],
  ['a newer version that says more', `cc-${trace}-${parent}-01-what-else`, true],
  ['a newer version that runs on', `cc-${trace}-${parent}-01.`, false],
  ['our version with more', `${good}-more`, false],
  ['the version that there is not', `ff-${trace}-${parent}-01`, false],
  ['capital letters', good.toUpperCase(), false],
  ['a trace of zeros', `00-${'0'.repeat(32)}-${parent}-01`, false],
  ['a parent of zeros', `00-${trace}-${'0'.repeat(16)}-01`, false],
  ['too short', good.slice(0, -1), false],
  ['another separator', good.replaceAll('-', '_'), false],
  ['two of them', `${good}, ${good}`, false],
  ['nothing', '', false],
])('traceparent: %s', (_title, value, isGood) => {
  expect(isTraceParent(value)).toBe(isGood);
});

test('only the lowest flag says that the caller samples', () => {
  expect(['00', '01', '02', '03'].map((flags) => isSampled(`00-${trace}-${parent}-${flags}`))).toEqual([false, true, false, true]);
});

test.each([
  ['one member', 'congo=t61rcWkgMzE', true],
  ['several, with space and gaps', 'rojo=00f067aa0ba902b7 , ,congo=t61', true],
  ['of several tenants', 'fw529a3039@dt=FfAb', true],
  ['a key that stands twice', 'a=1,a=2', false],
  ['no value', 'a=', false],
  ['no key', '=1', false],
  ['a capital letter in a key', 'A=1', false],
  ['33 members', Array.from({ length: 33 }, (_, index) => `k${index}=1`).join(), false],
])('tracestate: %s', (_title, value, isGood) => {
  expect(isTraceState(value)).toBe(isGood);
});

test('each request gets a span of its own, and a trace of its own or its caller\'s', () => {
  const line = new TraceParentLine(createSeededRandom(7));
  line.begin(true);
  const first = line.text;
  line.begin(false);
  const second = line.text;
  line.follow(good, true);
  const third = line.text;
  for (const text of [first, second, third]) expect(isTraceParent(text)).toBe(true);
  expect(first.slice(3, 35)).not.toBe(second.slice(3, 35));
  expect(second.endsWith('-00')).toBe(true);
  expect(third.startsWith(`00-${trace}-`)).toBe(true);
  expect(third).not.toContain(parent);
  expect(line.line.bytes.toString()).toBe(`traceparent: ${third}\r\n`);
});

test('a generator that gives nothing but zeros still makes identifiers that may be believed', () => {
  const line = new TraceParentLine({ next: () => 0 });
  line.begin(false);
  expect(isTraceParent(line.text)).toBe(true);
});
