import { expect, test } from 'vitest';
import { parseIp } from './ip-address.ts';
import { formatIp, maskIp } from './masked-ip.ts';

test.each([
  ['10.1.2.3', 24, '10.1.2.0'],
  ['10.1.2.3', 9, '10.0.0.0'],
  ['10.1.2.3', 32, '10.1.2.3'],
  ['10.1.2.3', 0, '0.0.0.0'],
  ['2001:db8:0:1::5', 64, '2001:db8:0:1::'],
  ['2001:db8:0:1::5', 128, '2001:db8:0:1::5'],
  ['1:0:0:2:0:0:0:3', 128, '1:0:0:2::3'],
  ['1:2:3:4:5:6:0:8', 128, '1:2:3:4:5:6:0:8'],
  ['::1', 0, '::'],
])('%s within %i bits is %s', (address, bits, network) => {
  expect(formatIp(maskIp(parseIp(address) ?? [], bits))).toBe(network);
});
