/** What the system knows about processes: when one began, and on which TCP ports a group listens. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { listenersIn } from './tcp-table.ts';

export interface ProcessTable {
  /**
   * When the process began, as the system writes it. A pid is used again after a while, a pid with its start
   * is not. Undefined when there is no such process.
   */
  startOf(pid: number): Promise<string | undefined>;
  /** TCP ports on which processes of the group listen, ascending. */
  listeningPorts(group: number): Promise<number[]>;
}

/** Reads /proc on Linux, and asks `ps` and `lsof` elsewhere. */
export function createProcessTable(platform: NodeJS.Platform): ProcessTable {
  return platform === 'linux' ? linuxTable : bsdTable;
}

const linuxTable: ProcessTable = {
  async startOf(pid) {
    const start = (await readStat(pid))?.start;
    return start === undefined ? undefined : `${bootId()}/${start}`;
  },
  async listeningPorts(group) {
    const sockets = new Set((await Promise.all((await familyOf(group)).map(socketsOf))).flat());
    if (sockets.size === 0) return [];
    // The group's own table: it may be in a network of its own.
    const tables = await Promise.all(['tcp', 'tcp6'].map((name) => readFile(`/proc/${group}/net/${name}`, 'utf8').catch(() => '')));
    const ports = tables.flatMap(listenersIn).filter(({ inode }) => sockets.has(inode)).map(({ port }) => port);
    return ascending(ports);
  },
};

/**
 * The leader of a group and its descendants. Asking for children costs a few reads,
 * looking through all processes of the machine some hundreds; not every kernel can tell children.
 */
export async function familyOf(leader: number): Promise<number[]> {
  const known = await childrenOf(leader);
  if (!known) {
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
    const stats = await Promise.all(pids.map(readStat));
    return pids.filter((_, index) => stats[index]?.group === leader);
  }
  const family = [leader];
  let generation = known;
  while (generation.length > 0 && family.length < familyMax) {
    family.push(...generation);
    generation = (await Promise.all(generation.map(childrenOf))).flatMap((children) => children ?? []);
  }
  return family;
}

/** More processes than this are not looked at: no program needs them to open a port. */
const familyMax = 256;

/** Undefined when the kernel does not tell, or the process is gone. */
async function childrenOf(pid: number): Promise<number[] | undefined> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => undefined);
  return text?.trim().split(' ').filter(Boolean).map(Number);
}

/** Differs after each boot: ticks since boot alone could repeat. */
function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

/** Fields 5 (process group) and 22 (start) of proc(5)'s stat. The second field is a name that may hold anything, so count from its end. */
async function readStat(pid: number): Promise<{ readonly group: number; readonly start: string } | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  // A zombie has ended; only its parent has not asked yet.
  if (!fields || fields[0] === 'Z') return undefined;
  return { group: Number(fields[2]), start: fields[19] as string };
}

async function socketsOf(pid: number): Promise<string[]> {
  const folder = `/proc/${pid}/fd`;
  const names = await readdir(folder).catch(() => []);
  const links = await Promise.all(names.map((name) => readlink(`${folder}/${name}`).catch(() => '')));
  return links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []);
}

const bsdTable: ProcessTable = {
  async startOf(pid) {
    return (await run('ps', ['-o', 'lstart=', '-p', String(pid)])).trim() || undefined;
  },
  async listeningPorts(group) {
    const output = await run('lsof', ['-a', '-g', String(group), '-iTCP', '-sTCP:LISTEN', '-P', '-n', '-Fn']);
    return ascending([...output.matchAll(/^n.*:(\d+)$/gm)].map((match) => Number(match[1])));
  },
};

/** The output, also when the program fails: both tools fail when they find nothing. */
function run(program: string, args: string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(program, args, (_error, stdout) => resolve(stdout));
  });
}

function ascending(ports: number[]): number[] {
  return [...new Set(ports)].sort((a, b) => a - b);
}
