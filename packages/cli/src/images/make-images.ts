/**
 * Makes everything that the Dockerfiles copy, which need nothing else: a folder for each role with its bundle, what V8 has compiled of it and
 * its bill of materials; beside them Node, and the one library it needs that small base images lack. Paths in images do not matter to what is compiled,
 * only the texts, Node's version and its flags.
 */
import { execFileSync, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MeshError } from '@sluice/kernel';
import { bundle, type BundledLibrary } from '../bundle/bundle.ts';
import { hasRun, runSidecarOnce } from '../bundle/sidecar-first-run.ts';
import { billOfMaterials } from './bill-of-materials.ts';
import { rolesFor, type Role } from './roles.ts';

const packages = join(dirname(fileURLToPath(import.meta.url)), '../../..');
const version = '0.1.0';
/** How long an executable may take until what V8 has compiled of it is there, in ms. A second is usual. */
const compiledWithinMs = 60_000;

export interface ImagesOptions {
  /** Made where it is not there. */
  readonly folder: string;
  readonly tell: (line: string) => void;
}

export async function makeImages({ folder, tell }: ImagesOptions): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const scratch = mkdtempSync(join(tmpdir(), 'sluice-images-'));
  try {
    const kubeconfig = join(scratch, 'kubeconfig');
    writeFileSync(kubeconfig, kubeconfigOfNowhere);
    const libraries = new Map<string, BundledLibrary>();
    for (const role of rolesFor(kubeconfig)) {
      await makeImage(role, join(folder, role.name), libraries);
      tell(role.name);
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  copyFileSync(process.execPath, join(folder, 'node'));
  mkdirSync(join(folder, 'lib'), { recursive: true });
  for (const library of librariesOf(process.execPath)) copyFileSync(library.path, join(folder, 'lib', library.name));
}

async function makeImage(role: Role, folder: string, libraries: Map<string, BundledLibrary>): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  const inputs = new Set<string>();
  const file = await bundle(role.name, join(packages, role.folder, role.entry), folder, { inputs, libraries });
  // A sidecar starts with every pod: what its first request needs is compiled, too.
  if (role.name !== 'queue-proxy') await compile(role, file);
  else if (!(await runSidecarOnce([process.execPath, ...role.nodeFlags, file]))) throw new MeshError('image-not-made', 'the sidecar did not answer');
  writeFileSync(join(folder, 'sbom.cdx.json'), billOfMaterials({ name: role.name, version, nodeVersion: process.versions.node, inputs: [...inputs].filter((input) => input.includes('/node_modules/')) }));
}

/** Starts it once, so that it need not be compiled at each start in a pod. */
async function compile({ name, nodeFlags, alone }: Role, file: string): Promise<void> {
  const child = spawn(process.execPath, [...nodeFlags, file, ...alone.args], { env: { ...alone.environment }, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const patience = setTimeout(() => child.kill('SIGKILL'), compiledWithinMs);
  const look = setInterval(() => void hasRun(file).then((has) => has && child.kill('SIGTERM')), 50);
  await ended;
  clearTimeout(patience);
  clearInterval(look);
  if (!(await hasRun(file))) throw new MeshError('image-not-made', `${name} ended before V8 had compiled it: ${said === '' ? 'it said nothing' : said}`);
}

/** Those that `gcr.io/distroless/cc` and its like do not have. */
function librariesOf(program: string): { readonly name: string; readonly path: string }[] {
  if (process.platform !== 'linux') throw new MeshError('image-not-made', `images are made on Linux, this is ${process.platform}`);
  const linked = execFileSync('ldd', [program], { encoding: 'utf8' });
  return [...linked.matchAll(/^\s*(libatomic\.so\.\d+) => (\S+)/gm)].map(([, name, path]) => ({ name: name as string, path: path as string }));
}

const kubeconfigOfNowhere = `apiVersion: v1
kind: Config
current-context: nowhere
clusters: [{ name: nowhere, cluster: { server: 'http://127.0.0.1:9' } }]
users: [{ name: nobody, user: {} }]
contexts: [{ name: nowhere, context: { cluster: nowhere, user: nobody } }]
`;
