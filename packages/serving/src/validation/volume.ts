/** Rules for volumes. */
import type { Volume } from '../api/pod-spec.ts';
import type { Feature, FeaturesConfig } from '../config/features-config.ts';
import { because, disallowed, invalidValue, missing, oneOf, within, type FieldProblem } from './field-problem.ts';
import { elementsOf, membersOf, onlyMembers } from './members.ts';

const dns1123 = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** Sources that are there for all. */
const freeSources = ['configMap', 'projected', 'secret'];

/** Sources behind a flag, and what Knative calls them. */
const flaggedSources: Readonly<Record<string, { readonly flag: Feature; readonly title: string }>> = {
  csi: { flag: 'kubernetes.podspec-volumes-csi', title: 'CSI' },
  emptyDir: { flag: 'kubernetes.podspec-volumes-emptydir', title: 'EmptyDir' },
  ephemeral: { flag: 'kubernetes.podspec-volumes-ephemeral', title: 'Ephemeral' },
  hostPath: { flag: 'kubernetes.podspec-volumes-hostpath', title: 'HostPath' },
  image: { flag: 'kubernetes.podspec-volumes-image', title: 'Image' },
};

/** @param mounted the volumes that some container mounts */
export function checkVolumes(volumes: readonly Volume[], mounted: ReadonlySet<string>, features: FeaturesConfig): FieldProblem[] {
  const names = new Set<string>();
  return volumes.flatMap((volume, index) => {
    const found: FieldProblem[] = [];
    if (names.has(volume.name)) found.push(because(`duplicate volume name "${volume.name}"`, 'name'));
    if (volume.name && !mounted.has(volume.name)) found.push(because(`volume with name "${volume.name}" not mounted`, 'name'));
    if (volume.name) names.add(volume.name);
    return within(`volumes[${index}]`, [...found, ...checkVolume(volume, features)]);
  });
}

export function checkVolume(volume: Volume, features: FeaturesConfig): FieldProblem[] {
  const { name, ...sources } = volume;
  const members = membersOf(sources);
  const open = openSources(features);
  const found: FieldProblem[] = [];
  if (!name) found.push(missing('name'));
  else if (!dns1123.test(name)) found.push(invalidValue(name, 'name'));
  for (const source of Object.keys(members)) found.push(...checkSource(source, volume, features));
  const given = Object.keys(members).filter((source) => open.has(source));
  if (Object.keys(members).length === 0) found.push(oneOf('neither', ...[...open].sort()));
  if (given.length > 1) found.push(oneOf('both', ...given));
  return [...found, ...checkContent(members)];
}

/** Sources that a volume may have in this cluster. */
function openSources(features: FeaturesConfig): Set<string> {
  const open = new Set(freeSources);
  for (const [source, { flag }] of Object.entries(flaggedSources)) if (features[flag] === 'Enabled') open.add(source);
  if (features['kubernetes.podspec-persistent-volume-claim'] === 'Enabled') open.add('persistentVolumeClaim');
  return open;
}

function checkSource(source: string, volume: Volume, features: FeaturesConfig): FieldProblem[] {
  if (freeSources.includes(source)) return [];
  if (source === 'persistentVolumeClaim') return checkClaim(membersOf(membersOf(volume)[source]), features);
  const flagged = flaggedSources[source];
  if (flagged === undefined) return [disallowed(source)];
  const { flag, title } = flagged;
  if (features[flag] === 'Enabled') return [];
  const told = because(`${title} volume support is disabled, but found ${title} volume ${volume.name}`);
  return features[flag] === 'Disabled' ? [told, disallowed(source)] : [told];
}

function checkClaim({ claimName, readOnly }: Readonly<Record<string, unknown>>, features: FeaturesConfig): FieldProblem[] {
  const found: FieldProblem[] = [];
  const claim = features['kubernetes.podspec-persistent-volume-claim'];
  const name = String(claimName ?? '');
  if (claim !== 'Enabled') found.push(because(`Persistent volume claim support is disabled, but found persistent volume claim ${name}`));
  if (readOnly !== true && features['kubernetes.podspec-persistent-volume-write'] !== 'Enabled') {
    found.push(because(`Persistent volume write support is disabled, but found persistent volume claim ${name} that is not read-only`));
  }
  if (claim === 'Disabled') found.push(disallowed('persistentVolumeClaim'));
  return found;
}

/** Paths leave out which of several sources is meant, as Knative's do. */
function checkContent({ secret, configMap, projected, emptyDir }: Readonly<Record<string, unknown>>): FieldProblem[] {
  return [
    ...checkItems(membersOf(secret)['items']),
    ...checkItems(membersOf(configMap)['items']),
    ...mergeMissing(
      elementsOf(membersOf(projected)['sources']).flatMap((source, index) => within(`projected[${index}]`, checkProjection(source))),
    ),
    ...within('emptyDir', checkEmptyDir(emptyDir)),
  ];
}

function checkProjection(source: unknown): FieldProblem[] {
  const kinds = ['configMap', 'downwardAPI', 'secret', 'serviceAccountToken'];
  const members = membersOf(source);
  const given = kinds.filter((kind) => (members[kind] ?? undefined) !== undefined);
  const found = onlyMembers(source, new Set(kinds));
  if (given.length !== 1) found.push(given.length === 0 ? oneOf('neither', ...kinds) : oneOf('both', ...given));
  for (const kind of given) found.push(...within(kind, checkProjected(kind, membersOf(members[kind]))));
  return found;
}

function checkProjected(kind: string, { name, items, path }: Readonly<Record<string, unknown>>): FieldProblem[] {
  if (kind === 'serviceAccountToken') return path ? [] : [missing('path')];
  if (kind !== 'downwardAPI') return [...(name ? [] : [missing('name')]), ...checkItems(items)];
  return elementsOf(items).flatMap((item, index) => {
    const { fieldRef, resourceFieldRef, path: where } = membersOf(item);
    const found: FieldProblem[] = [];
    if (!fieldRef && !resourceFieldRef) found.push(oneOf('neither', 'fieldRef', 'resourceFieldRef'));
    if (fieldRef && resourceFieldRef) found.push(because('Within a single item, cannot set both', 'resourceFieldRef', 'fieldRef'));
    if (!where) found.push(missing('path'));
    return within(`items[${index}]`, found);
  });
}

function checkItems(items: unknown): FieldProblem[] {
  return elementsOf(items).flatMap((item, index) => {
    const { key, path } = membersOf(item);
    return within(`items[${index}]`, [
      ...onlyMembers(item, new Set(['key', 'path', 'mode'])),
      ...(key ? [] : [missing('key')]),
      ...(path ? [] : [missing('path')]),
    ]);
  });
}

function checkEmptyDir(emptyDir: unknown): FieldProblem[] {
  const { medium = '', sizeLimit } = membersOf(emptyDir);
  return [
    ...(medium === '' || medium === 'Memory' ? [] : [invalidValue(medium, 'medium')]),
    ...(String(sizeLimit ?? '').startsWith('-') ? [invalidValue(sizeLimit, 'sizeLimit')] : []),
  ];
}

/** Fields that are missing are told together, with all their paths. */
function mergeMissing(found: readonly FieldProblem[]): FieldProblem[] {
  const { message } = missing();
  const paths = found.filter((problem) => problem.message === message).flatMap((problem) => problem.paths);
  const others = found.filter((problem) => problem.message !== message);
  return paths.length === 0 ? others : [...others, missing(...paths)];
}
