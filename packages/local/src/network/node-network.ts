/**
 * Networks of pods on one node, by the kernel: a network namespace each, a link to the node, and the node passes packets on between them. This process must be in a
 * network, a mount and a process namespace of its own (`unshare --net --mount --pid --fork --kill-child --mount-proc`): it sets up the node there as if it had the machine for itself, and nothing of it
 * outlives its last process.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { linkAddress, externalRange, nodeAddress, serviceRange } from './addresses.ts';
import { runCommand } from './run-command.ts';

/** Where `ip netns` keeps networks by name. */
export const networksFolder = '/run/netns';

export class NodeNetwork {
  /** Links have short names: 15 letters are the most. */
  #links = 0;

  /** Once, before the first pod. @throws MeshError where the rights for it are missing */
  async start(): Promise<void> {
    mkdirSync(networksFolder, { recursive: true });
    await runCommand(['mount', '-t', 'tmpfs', 'tmpfs', networksFolder]);
    // Names are mounts; processes in mount namespaces of their own have to see them come and go.
    await runCommand(['mount', '--make-shared', networksFolder]);
    // Addresses of Services belong to nobody: what is sent there is given another destination before it leaves.
    const routes = [serviceRange, externalRange].map((range) => `route add ${range} dev lo src ${nodeAddress}`);
    await this.#ip(['link set lo up', `addr add ${nodeAddress}/32 dev lo`, ...routes]);
    writeFileSync('/proc/sys/net/ipv4/ip_forward', '1');
    // Programs that are not root listen on low ports in containers; networks of pods inherit it where the kernel lets them.
    writeFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', '0');
  }

  /** Makes the network of a pod. @returns the path by which it is entered */
  async open(name: string, address: string): Promise<string> {
    const link = `pod${(this.#links += 1)}`;
    await this.#ip([
      `netns add ${name}`,
      `link add ${link} type veth peer name eth0 netns ${name}`,
      `addr add ${linkAddress}/32 dev ${link}`,
      `link set ${link} up`,
      `route add ${address}/32 dev ${link} src ${nodeAddress}`,
    ]);
    const inside = ['link set lo up', `addr add ${address}/32 dev eth0`, 'link set eth0 up', `route add ${linkAddress} dev eth0 scope link`, `route add default via ${linkAddress} dev eth0`];
    await this.#ip(inside, ['-netns', name]);
    return `${networksFolder}/${name}`;
  }

  /** Its links go with it, as soon as no process is in it any more. */
  async close(name: string): Promise<void> {
    await this.#ip([`netns delete ${name}`]);
  }

  async #ip(commands: readonly string[], flags: readonly string[] = []): Promise<void> {
    await runCommand(['ip', ...flags, '-batch', '-'], `${commands.join('\n')}\n`);
  }
}
