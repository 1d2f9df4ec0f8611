/** What Linux writes into /proc/net/tcp and /proc/net/tcp6: the TCP sockets of one network namespace. Pure. */

export interface TcpListener {
  /** As the kernel writes it: bytes of the address in hexadecimal, each group of four in the machine's order. */
  readonly address: string;
  readonly port: number;
  readonly inode: string;
}

/** The listeners of one table. Its lines: `sl local_address rem_address st … inode`; state 0A is LISTEN. */
export function listenersIn(table: string): TcpListener[] {
  return table
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === '0A')
    .map((fields) => {
      const [address = '', port = ''] = (fields[1] ?? '').split(':');
      return { address, port: Number.parseInt(port, 16), inode: fields[9] ?? '' };
    });
}

/** Whether a connection to 127.0.0.1 gets to it: it is on all addresses, or on that one, perhaps in its IPv6 form. */
export function takesLoopback({ address }: TcpListener): boolean {
  return /^0+$/.test(address) || /^(0{16}(FFFF0000|0000FFFF))?(0100007F|7F000001)$/.test(address);
}
