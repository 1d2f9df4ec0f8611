/** The command lines that make a network and that enter it, by util-linux's `unshare` and `nsenter`. */

/** Brings up the interface `lo` by ioctl (SIOCSIFFLAGS; IFF_UP | IFF_RUNNING), for machines without a program for it. */
const perlUp =
  'use Socket; my $up = pack("a16 S x22", "lo", 0x41); socket(my $s, AF_INET, SOCK_DGRAM, 0) or die; ioctl($s, 0x8914, $up) or die "lo: $!\\n"';
const pythonUp =
  'import fcntl, socket, struct; fcntl.ioctl(socket.socket(socket.AF_INET, socket.SOCK_DGRAM), 0x8914, struct.pack("16sH22x", b"lo", 0x41))';

/** Any one of them does. Perl is part of every Debian and Ubuntu, also where iproute2 is not. */
const loopbackUp = [
  'ip link set lo up',
  'ifconfig lo up',
  'busybox ip link set lo up',
  `perl -e '${perlUp}'`,
  `python3 -c '${pythonUp}'`,
]
  .map((command) => `{ command -v ${command.split(' ')[0]} >/dev/null && ${command}; }`)
  .join(' || ');

/**
 * What the first process inside runs: loopback up, ports below 1024 for everybody (as in containers; it
 * does without where the kernel refuses), a word to say so, and then the program in its arguments.
 */
const insideScript = [
  `${loopbackUp} || { echo 'no program could bring up the loopback interface' >&2; exit 1; }`,
  '{ echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start; } 2>/dev/null',
  'echo up',
  'exec "$@"',
].join('\n');

/** The word on standard output. */
export const insideReady = 'up';

/**
 * Makes the namespaces and runs a program as their first process. The user keeps its number inside; the capabilities,
 * which hold in there only, bring up the loopback.
 */
export function unshareCommand(program: readonly string[]): readonly [string, ...string[]] {
  return ['unshare', '--user', '--map-current-user', '--keep-caps', '--net', '--', '/bin/sh', '-c', insideScript, 'sh', ...program];
}

/** Becomes a program inside the namespaces of a process. It gets neither another user nor any capability. */
export function enterCommand(nsenter: string, holderPid: number): readonly [string, ...string[]] {
  return [nsenter, `--target=${holderPid}`, '--user', '--net', '--preserve-credentials', '--'];
}
