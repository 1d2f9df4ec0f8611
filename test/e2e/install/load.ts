/** Load from the node of a cluster, by `load-main.ts`. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Cluster } from './cluster.ts';
import type { LoadReport } from './load-report.ts';

export interface LoadWish {
  readonly address: string;
  readonly host: string;
  readonly path?: string;
  readonly connections: number;
  /** Of each connection after each answer, in ms. */
  readonly pauseMs: number;
}

export interface Load {
  /** Ends it when what is under way has ended. */
  stop(): Promise<LoadReport>;
}

export function startLoad(cluster: Cluster, { address, host, path = '/', connections, pauseMs }: LoadWish): Load {
  const [program = '', ...args] = [...cluster.onNode, process.execPath, join(import.meta.dirname, 'load-main.ts'), address, '80', host, String(connections), String(pauseMs), path];
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (bytes: Buffer) => (said += bytes.toString()));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return {
    async stop() {
      child.kill('SIGTERM');
      await ended;
      return JSON.parse(said) as LoadReport;
    },
  };
}
