import { describe, expect, it } from 'vitest';
import { listenersIn, takesLoopback } from './tcp-table.ts';

const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0000000000000000 100 0 0 10 0
   1: 0100007F:1F90 0100007F:C000 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0000000000000000 20 4 30 10 -1
`;

describe('the table of TCP sockets', () => {
  it('tells who listens, and not who is connected', () => {
    expect(listenersIn(table)).toEqual([{ address: '00000000', port: 3000, inode: '4711' }]);
  });

  it.each([
    ['00000000', true],
    ['0100007F', true],
    ['0200007F', false],
    ['00000000000000000000000000000000', true],
    ['0000000000000000FFFF00000100007F', true],
    ['00000000000000000000000001000000', false],
  ])('says whether a listener on %s takes connections to 127.0.0.1: %s', (address, expected) => {
    expect(takesLoopback({ address, port: 1, inode: '1' })).toBe(expected);
  });
});
