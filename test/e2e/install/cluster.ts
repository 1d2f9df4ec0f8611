/**
 * A cluster in namespaces of its own: a network, mounts and processes that this machine's other programs do not see, and that end with it. Nothing is left behind, however the
 * test ends. Commands (helm, kubectl, load) are run on its node.
 */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kubernetesTools, kubernetesToolsMissing } from '../../support/kubernetes-tools.ts';
import type { NotedDecision } from './decision-book.ts';
import type { ProgramTable } from './image-programs.ts';
import { chartPrograms } from './chart-programs.ts';

export interface NodeSettings {
  readonly folder: string;
  readonly kubeconfig: string;
  readonly nodeToken: string;
  readonly programs: ProgramTable;
  /** Of every container. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Watches of one client that hear nothing for so long after they begin, and then everything: its caches are behind. None: as usual from the next watch on. */
export interface LateWatches {
  readonly userAgent: string;
  /** By the path of the collection. */
  readonly lateWatches: readonly { readonly path: string; readonly delayMs: number }[];
}

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What the first process inside is the first process of; all of it ends with the one that is started here. */
const unshare = ['unshare', '--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--'];

/** What a pod's network takes, tried in earnest. */
const trial = 'ip link set lo up && ip netns add trial && ip link add one type veth peer name eth0 netns trial && echo 1 >/proc/sys/net/ipv4/ip_forward && mount -t tmpfs tmpfs /mnt && mkdir /mnt/u /mnt/w && mount -t overlay overlay -o lowerdir=/etc,upperdir=/mnt/u,workdir=/mnt/w /etc && '
  + 'printf "table ip t {\\n chain c {\\n type nat hook output priority -100\\n meta l4proto tcp dnat to numgen random mod 1 map { 0 : 10.0.0.1 . 80 }\\n }\\n}\\n" | nft -f -';

/** Why no such cluster can be had here; undefined where one can. */
export const clusterMissing: string | undefined = kubernetesToolsMissing ?? tryNamespaces();

if (clusterMissing !== undefined) console.warn(`the chart is not installed: ${clusterMissing}`);

function tryNamespaces(): string | undefined {
  if (process.platform !== 'linux') return `pods need Linux' namespaces, this is ${process.platform}`;
  const [program = '', ...args] = unshare;
  const tried = spawnSync(program, [...args, '/bin/sh', '-c', `mkdir -p /run/netns && mount -t tmpfs tmpfs /run/netns && ${trial}`], { encoding: 'utf8', env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } });
  if (tried.status === 0) return undefined;
  return `pods' networks take root with CAP_SYS_ADMIN and CAP_NET_ADMIN, util-linux, iproute2 and nftables: ${(tried.stderr || tried.error?.message || 'no reason was given').trim().split('\n').join('; ')}`;
}

export class Cluster {
  readonly folder = mkdtempSync(join(tmpdir(), 'sluice-cluster-'));
  readonly #kubeconfig = join(this.folder, 'kubeconfig');
  #process: ChildProcess | undefined;
  #network = '';
  #output = '';

  /** @param fromSources see `chartPrograms` */
  async start({ fromSources }: { readonly fromSources: boolean }): Promise<void> {
    const settings: NodeSettings = {
      folder: join(this.folder, 'node'),
      kubeconfig: this.#kubeconfig,
      nodeToken: `node-${process.pid}`,
      programs: await chartPrograms({ fromSources }),
      environment: process.env['NODE_COMPILE_CACHE'] === undefined ? {} : { NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] },
    };
    const [program = '', ...args] = unshare;
    const child = spawn(program, [...args, process.execPath, join(import.meta.dirname, 'node-main.ts'), JSON.stringify(settings)], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    this.#process = child;
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (bytes: Buffer) => (this.#output += bytes.toString()));
    await new Promise<void>((resolve, reject) => {
      child.once('message', () => resolve());
      child.once('exit', (code) => reject(new Error(`the node ended with ${code}:\n${this.#output}`)));
    });
    // The first process inside is the only child of the one that made the namespaces.
    const inside = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim();
    this.#network = `--net=/proc/${inside}/ns/net`;
  }

  /** Ends everything at once. */
  async stop(): Promise<void> {
    const child = this.#process;
    if (child && child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The start of a command line on the node. */
  get onNode(): readonly string[] {
    return ['nsenter', this.#network, '--'];
  }

  /** What the node itself had to say. */
  get complaints(): string {
    let log = '';
    try {
      log = readFileSync(join(this.folder, 'node/node.log'), 'utf8');
    } catch {
      // Nothing to complain about.
    }
    return `${this.#output}${log}`;
  }

  async kubectl(args: readonly string[], input?: string): Promise<CommandResult> {
    const { kubectl } = await kubernetesTools();
    return this.run([kubectl, '--kubeconfig', this.#kubeconfig, '--cache-dir', join(this.folder, 'kube-cache'), ...args], input);
  }

  async helm(args: readonly string[]): Promise<CommandResult> {
    const { helm } = await kubernetesTools();
    return this.run([helm, '--kubeconfig', this.#kubeconfig, ...args]);
  }

  /** What was asked by service accounts so far. */
  async decisions(): Promise<readonly NotedDecision[]> {
    const child = this.#process as ChildProcess;
    const answered = new Promise<readonly NotedDecision[]>((resolve) => child.once('message', (message: { decisions: readonly NotedDecision[] }) => resolve(message.decisions)));
    child.send('decisions');
    return answered;
  }

  async setLateWatches(late: LateWatches): Promise<void> {
    const child = this.#process as ChildProcess;
    const done = new Promise<unknown>((resolve) => child.once('message', resolve));
    child.send(late);
    await done;
  }

  run(argv: readonly string[], input = ''): Promise<CommandResult> {
    const [program = '', ...args] = [...this.onNode, ...argv];
    return new Promise((resolve) => {
      const child = execFile(program, args, { env: { ...process.env, HOME: this.folder }, maxBuffer: 32 * 2 ** 20 }, (error, stdout, stderr) => resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr }));
      child.stdin?.on('error', () => {});
      child.stdin?.end(input);
    });
  }
}
