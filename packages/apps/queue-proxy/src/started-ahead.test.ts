import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

/** The sidecar itself, started before anybody knows for whom. */
function startAhead() {
  const child = spawn(process.execPath, [fileURLToPath(new URL('main.ts', import.meta.url)), 'unknown'], { env: { SLUICE_STARTED_AHEAD: '1', SERVING_POD: 'nobody' }, stdio: ['pipe', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()));
  return { child, said: () => said };
}

test('a sidecar that is started ahead goes by what it is told, and by nothing else', async () => {
  const { child, said } = startAhead();
  child.stdin.end(JSON.stringify({ args: [], env: { SERVING_POD: 'p', CONTAINER_CONCURRENCY: 'many' }, cwd: '/' }));
  expect(await once(child, 'close')).toEqual([1, null]);
  expect(said()).toContain('CONTAINER_CONCURRENCY');
  expect(said()).not.toContain('unknown');
});

test('one that is told nothing ends', async () => {
  const { child, said } = startAhead();
  child.stdin.end();
  expect([await once(child, 'close'), said()]).toEqual([[0, null], '']);
});
