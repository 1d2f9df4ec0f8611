/**
 * Ends the children of a kubelet that was killed hard. It is a shell in a session of its own, which is told each process
 * group as it comes and goes; when its input ends without a farewell, the kubelet is dead, and whatever is on the list dies too.
 * A shell, because every system has one and it costs a millisecond and a megabyte.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import type { Logger } from '@sluice/kernel';

const script = `
trap '' INT TERM HUP
groups=' '
while read -r sign group; do
  case $sign in
    +) groups="$groups$group " ;;
    -) groups="\${groups%%" $group "*} \${groups#*" $group "}" ;;
  esac
done
for group in $groups; do kill -s KILL -- "-$group"; done
`;

export class Guardian {
  readonly #logger: Logger;
  readonly #groups = new Set<number>();
  #shell: ChildProcess | undefined;
  #closed = false;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** From now on the group must not outlive us. */
  add(group: number): void {
    this.#groups.add(group);
    if (this.#shell) this.#tell(`+ ${group}`);
    else this.#start();
  }

  /** The group is gone; its number may come to mean another. */
  remove(group: number): void {
    if (this.#groups.delete(group)) this.#tell(`- ${group}`);
  }

  /** Fulfils when the guardian itself is gone. */
  async close(): Promise<void> {
    this.#closed = true;
    const shell = this.#shell;
    if (!shell) return;
    const gone = new Promise<void>((resolve) => shell.once('exit', () => resolve()));
    // While we wait for it, it counts as work.
    shell.ref();
    shell.stdin?.end();
    await gone;
  }

  #start(): void {
    const shell = spawn('/bin/sh', ['-c', script], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
    this.#shell = shell;
    shell.unref();
    shell.on('error', (error) => this.#logger.warn('guardian not started', { error }));
    // Writing to a shell that has just died fails; its exit says so too.
    shell.stdin?.on('error', () => {});
    shell.on('exit', (code, signal) => {
      this.#shell = undefined;
      if (this.#closed) return;
      this.#logger.warn('guardian ended', { code, signal });
      if (this.#groups.size > 0) this.#start();
    });
    for (const group of this.#groups) this.#tell(`+ ${group}`);
  }

  #tell(line: string): void {
    this.#shell?.stdin?.write(`${line}\n`);
  }
}
