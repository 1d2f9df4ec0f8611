/** Prometheus' own word about a page of metrics: its form, and what its conventions find fault with. */
import { spawn, spawnSync } from 'node:child_process';

/** Why it cannot be asked here; undefined where it can. */
export const promtoolMissing: string | undefined = spawnSync('promtool', ['--version']).error === undefined ? undefined : 'promtool is not there (Debian: prometheus)';

/** `promtool check metrics`: what it says, line by line; nothing when all is well. */
export async function checkMetrics(page: string): Promise<readonly string[]> {
  const child = spawn('promtool', ['check', 'metrics'], { stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => (said += bytes.toString()));
  child.stdin.end(page);
  await new Promise((resolve) => child.once('close', resolve));
  return said.split('\n').filter((line) => line !== '');
}
