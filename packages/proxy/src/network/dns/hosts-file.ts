/** `/etc/hosts`: names that this machine knows by itself. */
import { isIpLiteral } from '@sluice/kernel';

/** Addresses by name in lower case, in the order of the file. */
export type HostsFile = ReadonlyMap<string, readonly string[]>;

export function parseHostsFile(text: string): HostsFile {
  const hosts = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    // An address with a zone (fe80::1%lo0) means something on one link only.
    if (!isIpLiteral(address) || address.includes('%')) continue;
    for (const name of names) {
      const known = hosts.get(name.toLowerCase());
      if (!known) hosts.set(name.toLowerCase(), [address]);
      else if (!known.includes(address)) known.push(address);
    }
  }
  return hosts;
}
