/** Rules for where volumes are mounted. */
import { posix } from 'node:path';
import type { Volume, VolumeMount } from '../api/pod-spec.ts';
import { isPermitted, type FeaturesConfig } from '../config/features-config.ts';
import { because, invalidValue, missing, within, type FieldProblem } from './field-problem.ts';
import { membersOf, onlyMembers } from './members.ts';

/** By name. */
export type MountableVolumes = ReadonlyMap<string, Volume>;

/** The runtime contract keeps these for itself. */
const reservedPaths = new Set(['/', '/dev', '/dev/log']);

/** Volumes that a program may write to. */
const writableSources = ['emptyDir', 'persistentVolumeClaim', 'ephemeral'];

export function checkVolumeMounts(mounts: readonly VolumeMount[], volumes: MountableVolumes, features: FeaturesConfig): FieldProblem[] {
  const seen = new Set<string>();
  return mounts.flatMap((mount, index) => {
    const found = [...checkFields(mount, features), ...checkPath(mount, seen)];
    const volume = volumes.get(mount.name);
    if (volume === undefined) found.push(because('volumeMount has no matching volume', 'name'));
    else found.push(...checkReadOnly(mount, volume));
    return within(`volumeMounts[${index}]`, found);
  });
}

export function isWritableVolume(volume: Volume): boolean {
  return writableSources.some((source) => Object.hasOwn(volume, source));
}

function checkFields(mount: VolumeMount, features: FeaturesConfig): FieldProblem[] {
  const allowed = new Set(['name', 'readOnly', 'mountPath', 'subPath']);
  if (isPermitted(features, 'kubernetes.podspec-volumes-mount-propagation')) allowed.add('mountPropagation');
  const found = onlyMembers(mount, allowed);
  const isRefused = membersOf(mount)['mountPropagation'] !== undefined && !allowed.has('mountPropagation');
  return isRefused ? [because(`Volume Mount Propagation support is disabled, but found volume mount ${mount.name} with mount propagation: `), ...found] : found;
}

/** @param seen paths of the mounts before it */
function checkPath({ mountPath }: VolumeMount, seen: Set<string>): FieldProblem[] {
  if (!mountPath) return [missing('mountPath')];
  if (typeof mountPath !== 'string') return [invalidValue(mountPath, 'mountPath')];
  const cleaned = posix.normalize(mountPath).replace(/(?<=.)\/$/, '');
  const isRepeated = seen.has(cleaned);
  seen.add(cleaned);
  if (reservedPaths.has(cleaned)) return [because(`mountPath "${cleaned}" is a reserved path`, 'mountPath')];
  if (!posix.isAbsolute(mountPath)) return [invalidValue(mountPath, 'mountPath')];
  return isRepeated ? [invalidValue(`"${mountPath}" must be unique`, 'mountPath')] : [];
}

function checkReadOnly(mount: VolumeMount, volume: Volume): FieldProblem[] {
  if (mount.readOnly === true) return [];
  if (!isWritableVolume(volume)) return [because('volume mount should be readOnly for this type of volume', 'readOnly')];
  const isReadOnly = membersOf(membersOf(volume)['persistentVolumeClaim'])['readOnly'] === true;
  return isReadOnly ? [because('volume is readOnly but volume mount is not', 'readOnly')] : [];
}
