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

// `proxy` is said to images of Envoy's and its like before the flags. Not awaited at the top, which a bundle cannot: what goes wrong ends the process all the same.
const args = process.argv.slice(2);
void main(args[0] === 'proxy' ? args.slice(1) : args);
