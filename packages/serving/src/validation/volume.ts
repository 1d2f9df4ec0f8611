/** Rules for volumes and where they are mounted. */
import { posix } from 'node:path';
import type { Container, Volume } from '../api/pod-spec.ts';
import { because, disallowed, invalidValue, missing, oneOf, type FieldProblem } from './field-problem.ts';
import { dnsLabelComplaint } from './names.ts';

const allowedSources = ['configMap', 'emptyDir', 'projected', 'secret'] as const;

/** The runtime contract keeps these for itself. */
const reservedPaths = new Set(['/', '/dev', '/dev/log']);

/** @param mounted the volumes that some container mounts */
export function checkVolumes(volumes: readonly Volume[], mounted: ReadonlySet<string>): FieldProblem[] {
  const names = new Set<string>();
  return volumes.flatMap((volume, index) => {
    const found: FieldProblem[] = [];
    const path = `volumes[${index}]`;
    if (volume.name && names.has(volume.name))
      found.push(because(`duplicate volume name "${volume.name}"`, `${path}.name`));
    else if (volume.name && !mounted.has(volume.name)) {
      found.push(because(`volume with name "${volume.name}" not mounted`, `${path}.name`));
    }
    names.add(volume.name);
    return [
      ...found,
      ...checkVolume(volume).map((inner) => ({ ...inner, paths: inner.paths.map((inside) => `${path}.${inside}`) })),
    ];
  });
}

function checkVolume(volume: Volume): FieldProblem[] {
  const found: FieldProblem[] = [];
  const complaint = volume.name ? dnsLabelComplaint(volume.name) : undefined;
  if (!volume.name) found.push(missing('name'));
  else if (complaint !== undefined) found.push(invalidValue(volume.name, 'name'));
  for (const member of Object.keys(volume)) {
    if (member !== 'name' && !(allowedSources as readonly string[]).includes(member)) found.push(disallowed(member));
  }
  const given = allowedSources.filter((source) => volume[source] !== undefined);
  if (given.length === 0 && Object.keys(volume).length <= 1) found.push(oneOf('neither', ...allowedSources));
  if (given.length > 1) found.push(oneOf('both', ...given));
  return found;
}

/** @param volumes the names that there are */
export function checkVolumeMounts(container: Container, volumes: ReadonlySet<string>): FieldProblem[] {
  const seen = new Set<string>();
  return (container.volumeMounts ?? []).flatMap((mount, index) => {
    const path = `volumeMounts[${index}]`;
    const found: FieldProblem[] = [];
    if (Object.hasOwn(mount, 'mountPropagation')) found.push(disallowed(`${path}.mountPropagation`));
    if (!mount.name) found.push(missing(`${path}.name`));
    else if (!volumes.has(mount.name)) found.push(because(`volumeMount has no matching volume`, `${path}.name`));
    if (!mount.mountPath) return [...found, missing(`${path}.mountPath`)];
    // What a schema leaves open may hold anything.
    if (typeof mount.mountPath !== 'string') return [...found, invalidValue(mount.mountPath, `${path}.mountPath`)];
    const cleaned = posix.normalize(mount.mountPath).replace(/(?<=.)\/$/, '');
    if (reservedPaths.has(cleaned)) {
      found.push(because(`mountPath "${cleaned}" is a reserved path`, `${path}.mountPath`));
    } else if (!posix.isAbsolute(mount.mountPath)) {
      found.push(invalidValue(mount.mountPath, `${path}.mountPath`));
    } else if (seen.has(cleaned)) {
      found.push(because(`"${cleaned}" must be unique`, `${path}.mountPath`));
    }
    seen.add(cleaned);
    return found;
  });
}
