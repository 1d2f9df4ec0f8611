/** The official helm over the charts of this repository. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parseDocument } from 'yaml';
import { kubernetesTools, kubernetesToolsMissing } from '../support/kubernetes-tools.ts';
import { RenderedChart, type Manifest } from './rendered-chart.ts';

const run = promisify(execFile);

export type ChartName = 'sluice' | 'sluice-crds';

export interface RenderOptions {
  /** Default: the chart of the mesh itself. */
  readonly chart?: ChartName;
  /** Default: one that no program has as its own default, so that whoever is not told it is found out. */
  readonly namespace?: string;
  /** What a person would give with `--set`: `gateway.httpPort=9000`. */
  readonly set?: readonly string[];
  /** Files of values, of the chart's own folder. */
  readonly values?: readonly string[];
  /** The cluster's. Default: what helm was built for. */
  readonly kubeVersion?: string;
  /** Kinds that the cluster has beside Kubernetes' own: `gateway.networking.k8s.io/v1/GatewayClass`. */
  readonly apiVersions?: readonly string[];
  /** The release's name. */
  readonly release?: string;
}

/** Said once, since a test that did not run should be heard of. */
if (kubernetesToolsMissing !== undefined) console.warn(`charts are not tested: ${kubernetesToolsMissing}`);

/** Where a chart of this repository is. */
export function chartFolder(chart: ChartName): string {
  return fileURLToPath(new URL(`../../charts/${chart}`, import.meta.url));
}

/** What helm would send to the API server, as text. Rejects with what helm says. */
export async function renderText({ chart = 'sluice', namespace = 'mesh', set = [], values = [], kubeVersion, apiVersions = [], release = 'edge' }: RenderOptions = {}): Promise<string> {
  const { helm } = await kubernetesTools();
  const cluster = [...(kubeVersion === undefined ? [] : ['--kube-version', kubeVersion]), ...apiVersions.flatMap((kind) => ['--api-versions', kind])];
  const flags = [...values.flatMap((file) => ['--values', join(chartFolder(chart), file)]), ...set.flatMap((assignment) => ['--set', assignment]), ...cluster];
  const { stdout } = await run(helm, ['template', release, chartFolder(chart), '--namespace', namespace, ...flags], { maxBuffer: 16 * 2 ** 20 });
  return stdout;
}

export async function render(options: RenderOptions = {}): Promise<RenderedChart> {
  return parseChart(await renderText(options));
}

/** Documents by their text: most are the same whatever the values, and reading them is dearer than rendering. */
const read = new Map<string, Manifest | null>();

/** @throws on text that is no YAML */
export function parseChart(text: string): RenderedChart {
  return new RenderedChart(text.split(/^---$/m).map(parseOnce).filter((found) => found !== null));
}

function parseOnce(text: string): Manifest | null {
  const known = read.get(text);
  if (known !== undefined) return known;
  const document = parseDocument(text);
  if (document.errors.length > 0) throw new Error(`helm rendered something that is no YAML: ${document.errors.join('; ')}`);
  const manifest = document.toJS() as Manifest | null;
  read.set(text, manifest);
  return manifest;
}

/** Rejects with what helm says when anything is wrong, warnings included, among them versions of APIs that are on their way out. */
export async function lint(chart: ChartName, kubeVersion?: string): Promise<string> {
  const { helm } = await kubernetesTools();
  return (await run(helm, ['lint', '--strict', chartFolder(chart), ...(kubeVersion === undefined ? [] : ['--kube-version', kubeVersion])])).stdout;
}
