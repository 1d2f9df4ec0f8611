/** The chart as its next version would be: what every release changes is changed, so that every pod is replaced. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chartFolder } from '../../charts/helm.ts';

export const nextVersion = '0.2.0';

/** @returns the folder of the chart, in `folder` */
export function nextChart(folder: string): string {
  const chart = join(folder, 'next/sluice');
  mkdirSync(chart, { recursive: true });
  cpSync(chartFolder('sluice'), chart, { recursive: true });
  const about = join(chart, 'Chart.yaml');
  writeFileSync(about, readFileSync(about, 'utf8').replaceAll(/^(version|appVersion): .*$/gm, `$1: ${nextVersion}`));
  return chart;
}
