/** Where and when figures were taken: without it they say nothing. */
import { execFileSync } from 'node:child_process';
import { cpus, release } from 'node:os';

export interface Machine {
  readonly node: string;
  readonly kernel: string;
  readonly cpu: string;
  readonly cores: number;
  /** Of the tree that was measured; `unknown` outside a checkout. */
  readonly commit: string;
  readonly at: string;
}

export function describeMachine(): Machine {
  return { node: process.version, kernel: release(), cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, commit: commitOfTree(), at: new Date().toISOString() };
}

export function renderMachine({ node, kernel, cpu, cores, commit, at }: Machine): string {
  return `Node ${node}, Linux ${kernel}, ${cores} × ${cpu}, commit ${commit}, ${at}`;
}

function commitOfTree(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: import.meta.dirname, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return 'unknown';
  }
}
