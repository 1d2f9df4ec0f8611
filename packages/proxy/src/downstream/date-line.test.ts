import { expect, test } from 'vitest';
import { DateLine } from './date-line.ts';

test('the line is that of the second, made once in it, whichever way the clock goes', () => {
  const line = new DateLine();
  const first = line.at(Date.UTC(2026, 10, 29, 8, 0, 1, 5));
  expect(first.bytes.toString()).toBe('date: Sun, 29 Nov 2026 08:00:01 GMT\r\n');
  expect(line.at(Date.UTC(2026, 10, 29, 8, 0, 1, 999))).toBe(first);
  expect(line.at(Date.UTC(2026, 10, 29, 8, 0, 2)).bytes.toString()).toBe('date: Sun, 29 Nov 2026 08:00:02 GMT\r\n');
  expect(line.at(Date.UTC(2026, 10, 29, 7, 59, 59, 500)).bytes.toString()).toBe('date: Sun, 29 Nov 2026 07:59:59 GMT\r\n');
});
