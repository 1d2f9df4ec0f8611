/** Images without a command need a real container runtime; this is how one is found and asked. */
import type { Container } from '@sluice/kubernetes';

/** A tool with docker's command line. */
export interface ImageTool {
  /** The program: `docker` or `podman`. */
  readonly program: string;
  /** Where containers cannot share the machine's network, the ports a program was told are published instead. */
  readonly sharesNetwork: boolean;
}

export interface ImageRuntime {
  /** The tool that runs images here, and really does. Undefined when there is none. */
  find(): Promise<ImageTool | undefined>;
}

/** For places without images: simulations, and tests. */
export const noImageRuntime: ImageRuntime = { find: () => Promise.resolve(undefined) };

export interface ImageCommand {
  readonly argv: readonly [string, ...string[]];
  /** Removes the container, however its client ended. */
  readonly afterEnd: readonly [string, ...string[]];
}

/**
 * The command line for one run. Variables are passed by name: their values stand in the client's environment and not
 * in everybody's list of processes.
 */
export function imageCommand(
  tool: ImageTool,
  container: Container,
  run: { readonly name: string; readonly args: readonly string[]; readonly variables: readonly string[]; readonly port: number | undefined },
): ImageCommand {
  const network = tool.sharesNetwork
    ? ['--network=host']
    : run.port === undefined
      ? []
      : [`--publish=127.0.0.1:${run.port}:${run.port}`];
  return {
    argv: [
      tool.program,
      'run',
      '--rm',
      '--init',
      `--name=${run.name}`,
      ...network,
      ...(container.workingDir === undefined ? [] : [`--workdir=${container.workingDir}`]),
      ...run.variables.map((name) => `--env=${name}`),
      container.image ?? '',
      ...run.args,
    ],
    afterEnd: [tool.program, 'rm', '--force', run.name],
  };
}
