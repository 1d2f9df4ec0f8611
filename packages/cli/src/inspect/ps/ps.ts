/** `sluice ps`: who follows the config service and how far, from its client status service (CSDS), whoever's it is. */
import { fetchClientStatus, loadCodec } from '@sluice/xds';

import { readFormat, render } from '../output.ts';
import type { PcStreams } from '../pc/pc.ts';
import { typeRows, type TypeRow } from './client-status.ts';
import { detailsAnswer, proxiesAnswer } from './proxies.ts';

/** As they stand on the command line. */
export interface PsFlags {
  readonly xdsAddress: string;
  readonly output?: string;
  readonly group?: string;
}

/**
 * Fulfils with the exit code.
 * @param proxy the name of one, or a part of it; its types are told one per row
 */
export async function runPs(proxy: string | undefined, flags: PsFlags, { write, say }: PcStreams): Promise<number> {
  const format = readFormat(flags.output, say);
  if (format === undefined) return 2;
  let response: unknown;
  try {
    const codec = await loadCodec('admin');
    response = await fetchClientStatus({ address: flags.xdsAddress, codec, request: { exclude_resource_contents: true } });
  } catch (error) {
    say(`error: cannot ask the config service: ${error instanceof Error ? error.message : String(error)}`);
    say('  is it another address? sluice ps --xds-address 127.0.0.1:18000, after kubectl -n sluice-system port-forward deploy/config-server 18000');
    return 1;
  }
  const rows = typeRows(response, Date.now()).filter((row) => isAsked(row, proxy, flags.group));
  if (proxy !== undefined && rows.length === 0) {
    say(`error: no proxy whose name has ${JSON.stringify(proxy)} in it is connected to ${flags.xdsAddress}\n  who is: sluice ps`);
    return 1;
  }
  const hasDetails = proxy !== undefined || format === 'wide';
  if (format === 'json' || format === 'yaml' || !hasDetails) write(render(proxiesAnswer(rows), format, say));
  else write(render(detailsAnswer(rows), format, say));
  if (!hasDetails && format === 'table') for (const line of refusalLines(rows)) say(line);
  return 0;
}

function isAsked(row: TypeRow, proxy: string | undefined, group: string | undefined): boolean {
  return (proxy === undefined || row.proxy.includes(proxy)) && (group === undefined || row.group === group);
}

function refusalLines(rows: readonly TypeRow[]): readonly string[] {
  return rows.flatMap(({ proxy, type, refusals }) => refusals.map((refusal) => `refused: ${proxy} ${type}: ${refusal}`));
}
