/** Sandboxes by the kernel: a network namespace for each pod, a mount namespace for each container. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { resolverFile } from '../../network/cluster-names.ts';
import type { NodeNetwork } from '../../network/node-network.ts';
import { administratorPath } from '../../network/run-command.ts';
import type { ContainerView, Mount, PodSandbox, PodSandboxes, PodSandboxOptions } from './pod-sandboxes.ts';
import { viewScript } from './view-script.ts';

export interface SystemPodSandboxesOptions {
  readonly network: Pick<NodeNetwork, 'open' | 'close'>;
  /** For the files of pods; made where it is not there. */
  readonly folder: string;
  /** Address of the cluster's DNS. */
  readonly dns: string;
}

export class SystemPodSandboxes implements PodSandboxes {
  readonly #options: SystemPodSandboxesOptions;
  readonly #nsenter = pathOf('nsenter');
  readonly #unshare = pathOf('unshare');

  constructor(options: SystemPodSandboxesOptions) {
    this.#options = options;
  }

  async open({ podUid, podName, namespace, address }: PodSandboxOptions): Promise<PodSandbox> {
    const { network, dns } = this.#options;
    const entry = await network.open(podUid, address);
    const folder = join(this.#options.folder, podUid);
    const scratch = join(folder, 'scratch');
    mkdirSync(scratch, { recursive: true });
    const resolver = join(folder, 'resolv.conf');
    const hosts = join(folder, 'hosts');
    writeFileSync(resolver, resolverFile(namespace, dns));
    writeFileSync(hosts, `127.0.0.1\tlocalhost\n${address}\t${podName}\n`);
    const own: readonly Mount[] = [
      { from: resolver, path: '/etc/resolv.conf', isReadOnly: true },
      { from: hosts, path: '/etc/hosts', isReadOnly: true },
    ];
    return {
      enter: (view: ContainerView) => {
        const script = viewScript({ ...view, mounts: [...view.mounts, ...own] }, scratch);
        return [this.#nsenter, `--net=${entry}`, '--', this.#unshare, '--mount', '--', '/bin/sh', '-c', script, 'sh'];
      },
      close: async () => {
        await network.close(podUid);
        rmSync(folder, { recursive: true, force: true });
      },
    };
  }
}

/** Programs of util-linux, which a container's PATH need not lead to. */
function pathOf(program: string): string {
  return execFileSync('/bin/sh', ['-c', `command -v ${program}`], { env: { PATH: administratorPath }, encoding: 'utf8' }).trim();
}
