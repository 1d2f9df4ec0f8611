/** Looks for docker and podman on this machine. */
import { execFile } from 'node:child_process';
import type { Clock } from '@sluice/kernel';
import type { ImageRuntime, ImageTool } from './image-runtime.ts';

export interface SystemImageRuntimeOptions {
  readonly clock: Clock;
  readonly platform: NodeJS.Platform;
  /** Where the programs are looked up. */
  readonly path: string;
}

/** A client without its daemon is of no use, so both sides are asked for their version. */
const questions: readonly { readonly program: string; readonly args: readonly string[] }[] = [
  { program: 'docker', args: ['version', '--format', '{{.Server.Version}}'] },
  { program: 'podman', args: ['version'] },
];

/** An answer holds for this long, in ms: a daemon may be started or stopped meanwhile. */
const answerHoldsMs = 30_000;

/** A daemon that does not answer at all is not there, after this many ms. */
const answerTimeoutMs = 3000;

export class SystemImageRuntime implements ImageRuntime {
  readonly #options: SystemImageRuntimeOptions;
  #answer: { readonly tool: Promise<ImageTool | undefined>; readonly atMs: number } | undefined;

  constructor(options: SystemImageRuntimeOptions) {
    this.#options = options;
  }

  find(): Promise<ImageTool | undefined> {
    const now = this.#options.clock.now();
    if (!this.#answer || now - this.#answer.atMs > answerHoldsMs) this.#answer = { tool: this.#ask(), atMs: now };
    return this.#answer.tool;
  }

  async #ask(): Promise<ImageTool | undefined> {
    const answers = await Promise.all(questions.map(({ program, args }) => succeeds(program, args, this.#options.path)));
    const found = questions.find((_, index) => answers[index]);
    return found && { program: found.program, sharesNetwork: this.#options.platform === 'linux' };
  }
}

function succeeds(program: string, args: readonly string[], path: string): Promise<boolean> {
  return new Promise((resolve) => {
    execFile(program, args, { env: { PATH: path }, timeout: answerTimeoutMs }, (error) => resolve(error === null));
  });
}
