/** `sluice proxy` as commander knows it: explains itself, and says what is wrong with a command line. */
import { Command, Option } from 'commander';
import type { ProxyFlags } from './flags.ts';
import { proxyOptions, type ProxyOption } from './options.ts';

/** @param run what the command does; gives the exit code */
export function createProxyCommand(run: (flags: ProxyFlags) => Promise<number>): Command {
  const command = new Command('proxy')
    .description('run the proxy engine alone, from an Envoy-style bootstrap')
    .version('0.1.0')
    .showHelpAfterError()
    .exitOverride(endForUsage)
    .addHelpText('after', '\nExamples:\n  sluice proxy -c bootstrap.yaml\n  sluice proxy -c conf.d/ --drain-grace-s 5 --drain-time-s 30\n  sluice proxy -c bootstrap.yaml --mode validate')
    .action(async (flags: ProxyFlags) => {
      process.exitCode = await run(flags);
    });
  for (const option of proxyOptions) command.addOption(asCommanders(option));
  return command;
}

/** Reads `args` by the book. */
export async function runProxyCommand(args: readonly string[], run: (flags: ProxyFlags) => Promise<number>): Promise<void> {
  await new Command('sluice').addCommand(createProxyCommand(run)).parseAsync(['proxy', ...args], { from: 'user' });
}

/** commander ends with 1 for wrong usage; 1 means "failed" here, and 2 wrong usage. */
export function endForUsage({ exitCode }: { readonly exitCode: number }): never {
  process.exit(exitCode === 0 ? 0 : 2);
}

function asCommanders({ flag, short, value, description, default: given, isHidden = false }: ProxyOption): Option {
  const option = new Option(`${short === undefined ? '' : `${short}, `}${flag}${value === undefined ? '' : ` <${value}>`}`, description);
  return option.default(given).hideHelp(isHidden);
}
