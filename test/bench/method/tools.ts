/** The programs the benchmark needs and does not bring: looked for, never installed. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

export type Tool = 'nginx' | 'haproxy' | 'wrk' | 'taskset' | 'openssl' | 'h2load';

/** Debian keeps daemons where users do not look. */
const places = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];

/** Its path; undefined when it is not installed. */
export function findTool(tool: Tool): string | undefined {
  return places.map((place) => join(place, tool)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
