import { expect, test } from 'vitest';
import { parseGatewayDuration } from './gateway-duration.ts';

test.each([
  ['0s', 0],
  ['10s', 10_000],
  ['500ms', 500],
  ['1h30m10s5ms', 5_410_005],
  ['1m1m', 120_000],
])('%s is %d ms', (text, ms) => expect(parseGatewayDuration(text)).toBe(ms));

test.each(['', '10', 's', '1.5s', '-1s', '1s 2s', '123456s', '1s1s1s1s1s', '1d'])('%j is no time', (text) => expect(parseGatewayDuration(text)).toBeUndefined());
