import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { dataPlaneFlags } from './node-flags.ts';

test("Node keeps the compiled code of its own modules under the data plane's flags", () => {
  const script = `
    const { internalBinding } = require('internal/test/binding');
    require('node:crypto');
    const { compiledWithCache, compiledWithoutCache } = internalBinding('builtins').getCacheUsage();
    console.log(JSON.stringify({ taken: [...compiledWithCache].length, anew: [...compiledWithoutCache].length }));
  `;
  const flags = [...dataPlaneFlags, '--expose-internals', '--no-warnings'];
  const counts: unknown = JSON.parse(execFileSync(process.execPath, [...flags, '-e', script], { encoding: 'utf8' }));
  expect(counts).toMatchObject({ anew: 0, taken: expect.toSatisfy((taken: number) => taken > 10) });
});
