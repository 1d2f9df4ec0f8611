import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test, type TestContext } from 'vitest';
import { putSessionFirst, sessionPrecedence } from './precedence.ts';

function precedenceOrSkip(context: TestContext): number {
  const before = sessionPrecedence();
  if (before === undefined || process.getuid?.() !== 0) return context.skip('sessions have no precedence here, or it is root who may change it');
  return before;
}

test('a session goes before others as long as it is wanted, where it may', (context) => {
  const before = precedenceOrSkip(context);
  {
    using _ = putSessionFirst();
    expect(sessionPrecedence()).toBe(-20);
  }
  expect(sessionPrecedence()).toBe(before);
});

test('a signal that ends the process puts the session back', async (context) => {
  const before = precedenceOrSkip(context);
  const script = `import { putSessionFirst } from ${JSON.stringify(join(import.meta.dirname, 'precedence.ts'))}; putSessionFirst(); console.log('first'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  await once(child.stdout, 'data');
  expect(sessionPrecedence()).toBe(-20);
  child.kill('SIGTERM');
  expect(await exited).toEqual([null, 'SIGTERM']);
  expect(sessionPrecedence()).toBe(before);
});
