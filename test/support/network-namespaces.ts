/**
 * Networks of their own for tests: a pod's and the world's, with a cable between. Nothing of this machine's network is touched, and nothing is left
 * when the holders end. Takes root and Debian's iproute2, util-linux and iptables.
 */
import { spawn, spawnSync, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';

/** Why such networks cannot be had here. Undefined: they can. */
export function networksMissing(): string | undefined {
  if (process.platform !== 'linux') return 'namespaces are of Linux';
  if (process.getuid?.() !== 0) return 'only root may join networks and be several users';
  const tried = spawnSync('unshare', ['--net', '--', 'sh', '-c', 'ip link add one type veth peer name other && iptables -t nat -S && iptables-restore --version'], { encoding: 'utf8' });
  if (tried.status !== 0) return `namespaces with iptables: ${tried.error?.message ?? tried.stderr.trim()}`;
  // Other users must be able to run what is here.
  const other = spawnSync('nsenter', ['--setuid', '1337', '--setgid', '1337', '--', process.execPath, import.meta.filename, 'tried'], { encoding: 'utf8' });
  return other.status === 0 ? undefined : `user 1337 cannot run this: ${other.error?.message ?? other.stderr.trim().split('\n')[0]}`;
}

export class NetworkNamespace {
  readonly #holder: ChildProcessByStdio<Writable, Readable, null>;

  private constructor(holder: ChildProcessByStdio<Writable, Readable, null>) {
    this.#holder = holder;
  }

  static async open(): Promise<NetworkNamespace> {
    // Ends when its input does, also if this process is killed.
    const holder = spawn('unshare', ['--net', '--', 'sh', '-c', 'ip link set lo up && echo up && read -r _'], { stdio: ['pipe', 'pipe', 'inherit'] });
    await Promise.race([once(holder.stdout, 'data'), once(holder, 'exit').then(() => Promise.reject(new Error('no network could be made')))]);
    return new NetworkNamespace(holder);
  }

  /** Of the process that holds it. */
  get pid(): number {
    return this.#holder.pid ?? 0;
  }

  /** A command line that runs `command` in here, as this user. */
  within(command: readonly string[], uid = 0): readonly [string, ...string[]] {
    return ['nsenter', `--net=/proc/${this.pid}/ns/net`, `--setuid=${uid}`, `--setgid=${uid}`, '--', ...command];
  }

  /** Runs a command to its end and gives what it wrote. Throws when it fails. */
  run(command: readonly string[]): string {
    const [program, ...args] = this.within(command);
    const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${command.join(' ')}: ${error?.message ?? stderr}`);
    return stdout;
  }

  async close(): Promise<void> {
    if (this.#holder.exitCode !== null) return;
    this.#holder.stdin.end();
    await once(this.#holder, 'exit');
  }
}

/** Joins two networks: 10.66.0.2 and fd66::2 in the pod, whose way out leads to 10.66.0.1 and fd66::1 in the world, where `places` are, too. */
export function joinNetworks(pod: NetworkNamespace, world: NetworkNamespace, places: readonly string[]): void {
  const addresses = (own: string) => [`ip addr add 10.66.0.${own}/24 dev eth0`, `ip -6 addr add fd66::${own}/64 dev eth0 nodad`, 'ip link set eth0 up'];
  pod.run(['sh', '-ec', [`ip link add eth0 type veth peer name eth0 netns ${world.pid}`, ...addresses('2')].join('\n')]);
  world.run(['sh', '-ec', [...addresses('1'), ...places.map((place) => `ip addr add ${place} dev lo${place.includes(':') ? ' nodad' : ''}`)].join('\n')]);
  pod.run(['sh', '-ec', 'ip route add default via 10.66.0.1\nip -6 route add default via fd66::1']);
}
