/** Networks made of Linux's user and network namespaces, for which nobody has to be root. */
import { execFile } from 'node:child_process';
import type { Logger, Timers } from '@sluice/kernel';
import { unshareCommand } from './namespace-command.ts';
import type { IsolationSupport, NetworkIsolation, Sandbox, SandboxOptions } from './network-isolation.ts';
import { openSystemSandbox } from './system-sandbox.ts';

export interface SystemNetworkIsolationOptions {
  readonly timers: Timers;
  readonly logger: Logger;
  /** As `process.platform`. */
  readonly platform: NodeJS.Platform;
  /** Where the programs are looked up. Folders for administrators, where some systems keep them, are added. */
  readonly path: string;
  /** Where relays keep their compiled code, which saves each a third of its memory (51 MB instead of 77). Default: nowhere. */
  readonly compileCache?: string;
}

const administratorFolders = '/usr/local/sbin:/usr/sbin:/sbin';

/** A try that takes longer counts as a failure, in ms. */
const tryTimeoutMs = 5000;

/** Characters of a failed try's output that go into the reason. */
const reasonLengthMax = 300;

type Answer = IsolationSupport & { readonly nsenter?: string };

export class SystemNetworkIsolation implements NetworkIsolation {
  readonly #options: SystemNetworkIsolationOptions;
  readonly #path: string;
  #answer: Promise<Answer> | undefined;

  constructor(options: SystemNetworkIsolationOptions) {
    this.#options = options;
    this.#path = `${options.path}:${administratorFolders}`;
  }

  support(): Promise<IsolationSupport> {
    return this.#ask();
  }

  async open(options: SandboxOptions): Promise<Sandbox> {
    const { timers, logger, compileCache } = this.#options;
    const { nsenter = 'nsenter' } = await this.#ask();
    const environment = { PATH: this.#path, ...(compileCache === undefined ? {} : { NODE_COMPILE_CACHE: compileCache }) };
    return openSystemSandbox({ ...options, nsenter, timers, logger, environment });
  }

  #ask(): Promise<Answer> {
    return (this.#answer ??= this.#try());
  }

  /** Really makes a network, since there are many ways to forbid it: sysctls, AppArmor, seccomp, old tools. */
  async #try(): Promise<Answer> {
    if (this.#options.platform !== 'linux') {
      return { kind: 'unsupported', reason: `only Linux has network namespaces, this is ${this.#options.platform}`, advice: 'remove the annotation' };
    }
    const [program, ...args] = unshareCommand(['/bin/sh', '-c', 'command -v nsenter || { echo "nsenter: not found" >&2; exit 1; }']);
    return new Promise((resolve) => {
      execFile(program, args, { env: { PATH: this.#path }, timeout: tryTimeoutMs }, (error, stdout, stderr) => {
        const nsenter = stdout.trim().split('\n').at(-1);
        if (!error && nsenter !== undefined) return resolve({ kind: 'supported', nsenter });
        resolve({ kind: 'unsupported', ...explain(stderr.trim() || error?.message || 'the try said nothing') });
      });
    });
  }
}

/** What a failed try printed, in one line, and what usually helps. */
function explain(output: string): { readonly reason: string; readonly advice: string } {
  const reason = `no namespaces for users here (${output.split('\n').join('; ').slice(0, reasonLengthMax)})`;
  const advice = /not found|ENOENT|option/i.test(output)
    ? 'install util-linux 2.36 or later and iproute2'
    : 'allow them (sysctl user.max_user_namespaces > 0, kernel.apparmor_restrict_unprivileged_userns=0; in a container, a seccomp profile with unshare)';
  return { reason, advice: `${advice}, or remove the annotation` };
}
