/** The proxy as an executable of its own, for images: `sluice proxy` without the rest of `sluice`. */
import { readPlainArguments } from './plain-arguments.ts';
import { runProxy } from './proxy.ts';

async function main(args: readonly string[]): Promise<void> {
  const flags = readPlainArguments(args);
  if (flags) {
    process.exitCode = await runProxy(flags);
    return;
  }
  const { runProxyCommand } = await import('./command.ts');
  await runProxyCommand(args, runProxy);
}

// Not awaited at the top, which a bundle cannot: what goes wrong ends the process all the same.
void main(process.argv.slice(2));
