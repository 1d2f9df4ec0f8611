import { describe, expect, it } from 'vitest';
import { formatDuration, parseDuration } from './duration.ts';

describe('durations', () => {
  it.each([
    ['60s', 60_000],
    ['1h2m3.5s', 3_723_500],
    ['250ms', 250],
    ['-4m11s', -251_000],
    ['0', 0],
    ['.5s', 500],
  ])('%s is %d ms', (text, expected) => expect(parseDuration(text)).toBe(expected));

  it.each(['', '5', 'abc', '5 s', '1h-2m', 's'])('%j is none', (text) => expect(parseDuration(text)).toBeUndefined());

  it.each([
    [3_600_000, '1h0m0s'],
    [90_000, '1m30s'],
    [6000, '6s'],
    [0, '0s'],
  ])('%d ms are written %s', (durationMs, expected) => expect(formatDuration(durationMs)).toBe(expected));
});
