/**
 * Reads a command line that is right, without the library that can also say what is wrong with one: a proxy that is
 * started by a machine never needs that, and would wait for it.
 */
import type { ProxyFlags } from './flags.ts';
import { proxyOptions, type ProxyOption } from './options.ts';

/** Undefined for everything that needs a closer look: what is unknown, what asks for help, and rarer ways of writing. */
export function readPlainArguments(args: readonly string[]): ProxyFlags | undefined {
  const flags: Record<string, string | true> = {};
  for (const option of proxyOptions) if (option.default !== undefined) flags[keyOf(option)] = option.default;
  for (let at = 0; at < args.length; at += 1) {
    const [name, ...rest] = (args[at] as string).split('=');
    const option = proxyOptions.find(({ flag, short }) => flag === name || short === name);
    const isJoined = rest.length > 0;
    // `-c=file` means the file `=file` to who reads short options by the book.
    if (!option || (isJoined && (option.value === undefined || option.short === name))) return undefined;
    if (option.value === undefined) {
      flags[keyOf(option)] = true;
      continue;
    }
    if (!isJoined) at += 1;
    const value = isJoined ? rest.join('=') : args[at];
    if (value === undefined) return undefined;
    flags[keyOf(option)] = value;
  }
  // The table has every option of ProxyFlags, and the defaults of those that must be there.
  return flags as Partial<ProxyFlags> as ProxyFlags;
}

/** `--drain-time-s` → `drainTimeS`. */
function keyOf({ flag }: ProxyOption): string {
  return flag.slice(2).replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}
