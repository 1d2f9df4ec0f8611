/** Memory that is lent is overwritten after use wherever tests run a proxy, so that whoever kept it is found out. */
import { expect, test } from 'vitest';
import { findStreamWrap } from '../../packages/proxy/src/network/stream-wrap.ts';
import { files, read } from './tree.ts';

/** What benchmarks do is measured, apart from their tests. */
function isTests(file: string): boolean {
  if (!file.endsWith('.ts') || file.startsWith('test/tidy/')) return false;
  return /\.test\.ts$|\/testing\//.test(file) || (file.startsWith('test/') && !file.startsWith('test/bench/'));
}

test('networks of tests poison memory', () => {
  const careless: string[] = [];
  for (const file of files) {
    if (!isTests(file)) continue;
    for (const [made] of read(file).matchAll(/(?:new SystemNetwork|createSystemNetwork)\(\{.*\}\)/g)) {
      if (!/poisonsMemory(?:,| \}|: (?:true|process\.env))/.test(made)) careless.push(`${file}: ${made}`);
    }
  }
  expect(careless).toEqual([]);
});

test('so do the executables that tests start, and on the handles that production takes', () => {
  expect(process.env['SLUICE_POISON_MEMORY']).toBe('1');
  expect(findStreamWrap()).toBeDefined();
});
