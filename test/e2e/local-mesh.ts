/**
 * `sluice dev` as a user runs it: a process of its own, read through its terminal output, spoken to with
 * HTTP and kubectl. Everything lives in one temporary folder, by which leftover processes are found too.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from '../support/eventually.ts';
import { kubernetesTools } from '../support/kubernetes-tools.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
// oxlint-disable-next-line no-control-regex -- terminal colours are control characters
const colours = /\u001B\[[0-9;]*m/g;

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export class LocalMesh {
  readonly folder: string;
  /** Where the services' files are: a copy of `examples/hello`, so that a test may change them. */
  readonly services: string;
  #process: ChildProcess | undefined;
  #output = '';

  /** @param files more of them, by name, beside those of the example */
  constructor(files: Readonly<Record<string, string>> = {}) {
    this.folder = mkdtempSync(join(tmpdir(), 'sluice-e2e-'));
    this.services = join(this.folder, 'services');
    cpSync(join(root, 'examples/hello'), this.services, { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(this.services, name), text);
  }

  /** What it has written so far, without colours. */
  get output(): string {
    return this.#output;
  }

  get kubeconfig(): string {
    return join(this.folder, 'state/kubeconfig');
  }

  /** The URL of the API server, which asks nobody who they are. */
  get apiServer(): string {
    const found = /server: (\S+)/.exec(readFileSync(this.kubeconfig, 'utf8'));
    if (!found?.[1]) throw new Error(`no server in ${this.kubeconfig}`);
    return found[1];
  }

  /** The port of the gateway. */
  get port(): number {
    return this.#ports.gateway;
  }

  /** The port of the gateway for HTTPS, where it was asked for. */
  get httpsPort(): number {
    return this.#ports.gatewayTls ?? 0;
  }

  get #ports(): { readonly gateway: number; readonly gatewayTls?: number } {
    return JSON.parse(readFileSync(join(this.folder, 'state/ports.json'), 'utf8')) as { gateway: number; gatewayTls?: number };
  }

  /** Starts it and waits until it says that it is set up. */
  async start(...flags: string[]): Promise<void> {
    this.#output = '';
    const child = spawn(
      process.execPath,
      [join(root, 'packages/cli/src/main.ts'), 'dev', this.services, '--state-dir', join(this.folder, 'state'), '--port', '0', '--api-port', '0', ...flags],
      { cwd: this.folder, env: { ...process.env, NO_COLOR: '1' }, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    this.#process = child;
    const collect = (chunk: Buffer): void => {
      this.#output += chunk.toString('utf8').replace(colours, '');
    };
    child.stdout?.on('data', collect);
    child.stderr?.on('data', collect);
    await eventually(
      () => {
        if (child.exitCode !== null) throw new Error(`sluice dev ended with ${child.exitCode}:\n${this.#output}`);
        if (!/Ctrl-C ends everything/.test(this.#output)) throw new Error(`sluice dev is not set up:\n${this.#output}`);
      },
      // On a machine with too much to do, each of nine processes waits its turn.
      { withinMs: 110_000 },
    );
  }

  /** Ctrl-C, then waits for the end. Returns the exit code. */
  async stop(): Promise<number | null> {
    const child = this.#process;
    if (!child || child.exitCode !== null) return child?.exitCode ?? null;
    child.kill('SIGINT');
    await eventually(
      () => {
        if (child.exitCode === null && child.signalCode === null) throw new Error(`sluice dev does not end:\n${this.#output}`);
      },
      { withinMs: 30_000 },
    );
    return child.exitCode;
  }

  /** Waits until the output, from `from` on, matches. */
  async printed(pattern: RegExp, { from = 0, withinMs = 30_000 } = {}): Promise<RegExpExecArray> {
    return eventually(
      () => {
        const found = pattern.exec(this.#output.slice(from));
        if (!found) throw new Error(`${pattern} was not printed:\n${this.#output.slice(from)}`);
        return found;
      },
      { withinMs },
    );
  }

  async kubectl(args: string, input?: string): Promise<CommandResult> {
    const { kubectl } = await kubernetesTools();
    return runCommand(kubectl, ['--kubeconfig', this.kubeconfig, '--cache-dir', join(this.folder, 'kube-cache'), ...args.split(' ')], input);
  }

  /** kubectl that must succeed; gives what it wrote. */
  async kubectlOutput(args: string, input?: string): Promise<string> {
    const { code, stdout, stderr } = await this.kubectl(args, input);
    if (code !== 0) throw new Error(`kubectl ${args} ended with ${code}: ${stderr}${stdout}`);
    return stdout;
  }

  async object(resource: string): Promise<unknown> {
    return JSON.parse(await this.kubectlOutput(`get ${resource} -o json`));
  }

  /** What the API server answers to a GET of `path`. */
  async read(path: string): Promise<unknown> {
    const response = await fetch(`${this.apiServer}${path}`);
    if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }

  /** Process ids of the children running `words`, read from /proc; linux only. */
  processes(words: string): number[] {
    return processesRunning(words).filter(({ traces }) => traces.includes(this.folder)).map(({ pid }) => pid);
  }

  /** Everything still running that was started for this mesh. */
  leftovers(): string[] {
    return processesRunning('').filter(({ traces }) => traces.includes(this.folder)).map(({ pid, command }) => `${pid} ${command}`);
  }

  write(name: string, text: string): string {
    const file = join(this.folder, name);
    writeFileSync(file, text);
    return file;
  }

  async dispose(): Promise<void> {
    await this.stop();
    this.#process?.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export function runCommand(file: string, args: readonly string[], input?: string): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = execFile(file, args, { maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      resolve({ code: error ? (typeof error.code === 'number' ? error.code : 1) : 0, stdout, stderr });
    });
    child.stdin?.end(input ?? '');
  });
}

interface RunningProcess {
  readonly pid: number;
  readonly command: string;
  /** Command line, environment and working directory: wherever the mesh's folder would show. */
  readonly traces: string;
}

/** Those with `words` in their command line. Tests ask again and again, so of the others no more is read. */
function processesRunning(words: string): RunningProcess[] {
  const found: RunningProcess[] = [];
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      if (command === '' || !command.includes(words) || !existsSync(`/proc/${pid}/cwd`)) continue; // a zombie or a kernel thread
      const traces = `${command}\n${readFileSync(`/proc/${pid}/environ`, 'utf8')}\n${readlinkSync(`/proc/${pid}/cwd`)}`;
      found.push({ pid, command, traces });
    } catch {
      // It ended while we looked.
    }
  }
  return found;
}
