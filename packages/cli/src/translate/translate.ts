/**
 * `sluice translate`: what proxies would be told if these objects were all there is, without any cluster. Services count as
 * ready; Revisions, EndpointSlices, Ingresses and ConfigMaps may stand beside them and are taken as they are.
 */
import { readFileSync } from 'node:fs';
import { formatProblem, type Problem } from '@sluice/kernel';
import { DEFAULT_AUTOSCALER_CONFIG, readAnnotations } from '@sluice/scaling';
import { build, previewObjects, type ServingConfig, type ServingObject } from '@sluice/serving';
import { defaultTranslateOptions, translateOrSayWhy, type TranslatedGroups } from '@sluice/translator';
import { stringify } from 'yaml';
import { manifestFiles, parseManifests, type Manifest } from '../manifests/read.ts';

export interface TranslateFlags {
  /** Files, folders, or `-` for the standard input. */
  readonly filename: readonly string[];
  readonly to: 'xds';
  readonly output: 'yaml' | 'json';
  /** Only this node group. */
  readonly group?: string;
}

export interface TranslateStreams {
  /** All of the standard input. */
  readonly readInput: () => string;
  readonly write: (text: string) => void;
  /** Problems, a line each. */
  readonly complain: (line: string) => void;
}

/** @returns the exit code: 1 when any object is no good, 2 for wrong usage */
export function runTranslate(flags: TranslateFlags, streams: TranslateStreams): number {
  const read = readAll(flags.filename, streams);
  const found = read.problems.length > 0 ? { problems: read.problems, groups: undefined } : translateAll(read.manifests);
  for (const problem of found.problems) streams.complain(`${problem.severity}: ${formatProblem(problem)}`);
  if (found.problems.some(({ severity }) => severity === 'error') || !found.groups) return 1;
  const groups = flags.group === undefined ? found.groups : onlyGroup(found.groups, flags.group);
  if (!groups) {
    streams.complain(`error: no node group ${JSON.stringify(flags.group)}: there are ${Object.keys(found.groups).join(', ')}`);
    return 2;
  }
  streams.write(flags.output === 'json' ? asJson(groups) : asYaml(groups));
  return 0;
}

interface ManifestsOrProblems {
  readonly manifests: readonly Manifest[];
  readonly problems: readonly Problem[];
}

function readAll(names: readonly string[], { readInput }: TranslateStreams): ManifestsOrProblems {
  const manifests: Manifest[] = [];
  const problems: Problem[] = [];
  for (const name of names) {
    try {
      const texts = name === '-' ? [{ file: '<stdin>', text: readInput() }] : manifestFiles(name).map((file) => ({ file, text: readFileSync(file, 'utf8') }));
      for (const { file, text } of texts) {
        const parsed = parseManifests(text, file);
        manifests.push(...parsed.manifests);
        problems.push(...parsed.problems);
      }
    } catch (reason) {
      problems.push({ path: '', message: `cannot read ${name}: ${reason instanceof Error ? reason.message : String(reason)}`, severity: 'error' });
    }
  }
  return { manifests, problems };
}

function translateAll(manifests: readonly Manifest[]): { readonly problems: readonly Problem[]; readonly groups: TranslatedGroups } {
  const objects = manifests.map(({ object }) => object as ServingObject);
  const preview = previewObjects(objects, (annotations) => readAnnotations(annotations, DEFAULT_AUTOSCALER_CONFIG).problems);
  // Without a domain nothing would be visible outside; `sluice dev` has the same.
  const hasDomain = objects.some(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === 'config-domain');
  const config: ServingConfig = hasDomain ? preview.config : { ...preview.config, domain: { domains: [{ name: 'localhost', selector: {} }] } };
  const model = build(preview.objects, { config });
  const { groups, problems: leftOut } = translateOrSayWhy(model, defaultTranslateOptions);
  const problems = [
    ...preview.problems.map(({ index, problem }) => placed(manifests[index], problem)),
    ...preview.ignored.map((index) => placed(manifests[index], ignored(objects[index]))),
    ...model.problems.map(({ kind, name, namespace, problem }) => placed(find(manifests, kind, namespace, name), problem)),
    ...[...leftOut].flatMap(([name, found]) => {
      const owner = model.routes.find((route) => route.name === name);
      return found.map((problem) => placed(owner && find(manifests, owner.owner.kind, owner.namespace, owner.owner.name), problem));
    }),
  ];
  return { problems, groups };
}

function ignored(object: ServingObject | undefined): Problem {
  return { path: '', message: `${object?.kind ?? 'an object'} has no part in traffic and is passed over`, severity: 'warning' };
}

/** A Route that nobody has written is its Service's. */
function find(manifests: readonly Manifest[], kind: string, namespace: string, name: string): Manifest | undefined {
  const matches = (wanted: string) =>
    manifests.find(({ object }) => object.kind === wanted && object.metadata.name === name && (object.metadata.namespace ?? 'default') === namespace);
  return matches(kind) ?? (kind === 'Route' ? matches('Service') : undefined);
}

/** With file, line and column where the object came from one. */
function placed(manifest: Manifest | undefined, problem: Problem): Problem {
  // Of several paths the first leads to the place.
  const [path = ''] = problem.path.split(', ');
  return manifest ? { ...problem, position: manifest.positionOf(path) } : problem;
}

function onlyGroup(groups: TranslatedGroups, group: string): Partial<TranslatedGroups> | undefined {
  const found = Object.entries(groups).find(([name]) => name === group);
  return found && Object.fromEntries([found]);
}

/** A document for each resource, with a comment that says whose it is. */
function asYaml(groups: Partial<TranslatedGroups>): string {
  const documents = Object.entries(groups).flatMap(([group, resources]) =>
    resources.map(({ typeUrl, value }) => `---\n# ${group}\n${stringify({ '@type': typeUrl, ...value }, { lineWidth: 0, aliasDuplicateObjects: false })}`),
  );
  return documents.join('');
}

function asJson(groups: Partial<TranslatedGroups>): string {
  const plain = Object.entries(groups).map(([group, resources]) => [group, resources.map(({ typeUrl, value }) => ({ '@type': typeUrl, ...value }))]);
  return `${JSON.stringify(Object.fromEntries(plain), undefined, 2)}\n`;
}
