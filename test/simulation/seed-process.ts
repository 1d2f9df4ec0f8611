/** A process that runs the seeds it is sent, one after the other, until its parent lets go of it. */
import { loadMeshAssets } from './assets.ts';
import { runSeed } from './run.ts';

const assets = loadMeshAssets();

process.on('message', (seed: number) => void run(seed));

async function run(seed: number): Promise<void> {
  process.send?.(await runSeed(seed, { assets: await assets }));
}
