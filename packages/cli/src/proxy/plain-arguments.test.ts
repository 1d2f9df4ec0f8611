import { expect, test } from 'vitest';
import { createProxyCommand } from './command.ts';
import type { ProxyFlags } from './flags.ts';
import { readPlainArguments } from './plain-arguments.ts';

async function byTheBook(args: readonly string[]): Promise<ProxyFlags> {
  let read: ProxyFlags | undefined;
  const command = createProxyCommand((flags) => {
    read = flags;
    return Promise.resolve(0);
  });
  await command.parseAsync(args, { from: 'user' });
  return read as ProxyFlags;
}

test.each([
  [[]],
  [['-c', 'bootstrap.yaml']],
  [['--config-path=bootstrap.yaml', '--config-yaml', 'admin: {a: b=c}']],
  [['--config-yaml=node: {id: a=b}', '--mode', 'validate']],
  [['-l', 'warn', '-c', '--odd-name', '--concurrency', '4', '--concurrency', '2']],
  [['--allow-admin-changes', '--drain-time-s', '30', '--drain-grace-s', '5', '--drain-strategy', 'immediate']],
  [['--base-id', '1', '--log-format', '%v', '--service-node', '', '--file-flush-interval-msec', '10']],
])('reads %j as commander does', async (args) => {
  expect(readPlainArguments(args)).toEqual(await byTheBook(args));
});

test.each([
  [['--help']],
  [['-V']],
  [['--nope']],
  [['-c']],
  [['-cbootstrap.yaml']],
  [['-c=bootstrap.yaml']],
  [['bootstrap.yaml']],
  [['--allow-admin-changes=yes']],
  [['--', '-c', 'bootstrap.yaml']],
])('leaves %j to commander', (args) => {
  expect(readPlainArguments(args)).toBeUndefined();
});
