/**
 * The shell script that makes a container's view of the files in a mount namespace of its own, and then becomes its program. Mount points that are not there are made in a layer
 * over the nearest folder that is, so nothing is written to the machine's own folders.
 */
import { existsSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { MeshError } from '@sluice/kernel';
import { administratorPath } from '../../network/run-command.ts';
import type { ContainerView, Mount } from './pod-sandboxes.ts';

/**
 * @param scratch an empty folder of the machine, which the layers are put over
 * @throws MeshError for a mount point that would have to be made right beneath `/`, which no layer can be put over
 */
export function viewScript(view: ContainerView, scratch: string): string {
  const mounts = view.mounts.map((mount) => ({ ...mount, ...placeOf(mount) }));
  const layers = [...new Set(mounts.flatMap(({ layer }) => (layer === undefined ? [] : [layer])))].sort();
  const steps = [
    ...(layers.length > 0 ? [`mount -t tmpfs tmpfs ${quote(scratch)}`] : []),
    ...layers.flatMap((folder, index) => {
      const [upper, work] = [`${scratch}/${index}/upper`, `${scratch}/${index}/work`];
      return [`mkdir -p ${quote(upper)} ${quote(work)}`, `mount -t overlay overlay -o lowerdir=${quote(folder)},upperdir=${quote(upper)},workdir=${quote(work)} ${quote(folder)}`];
    }),
    ...mounts.flatMap(({ from, target, isFile, isReadOnly, layer }) => [
      ...(layer === undefined ? [] : isFile ? [`mkdir -p ${quote(dirname(target))}`, `: > ${quote(target)}`] : [`mkdir -p ${quote(target)}`]),
      `mount --bind ${quote(from)} ${quote(target)}`,
      ...(isReadOnly ? [`mount -o remount,bind,ro ${quote(target)}`] : []),
    ]),
    ...(view.isRootReadOnly ? ['mount -o remount,bind,ro /'] : []),
  ];
  const user = view.user === undefined ? '' : `setpriv --reuid=${view.user} --regid=${view.user} --clear-groups --bounding-set=-all --inh-caps=-all --no-new-privs -- `;
  // The steps have programs of their own; the container's variables are not theirs.
  return [`( PATH=${administratorPath}; export PATH; set -e`, ...steps, ') || exit 125', `exec ${user}"$@"`].join('\n');
}

interface Place {
  /** With links followed. */
  readonly target: string;
  readonly isFile: boolean;
  /** What has to be covered so that it can be made. Absent: it is there. */
  readonly layer?: string;
}

function placeOf({ from, path }: Mount): Place {
  const isFile = statSync(from).isFile();
  if (existsSync(path)) return { target: realpathSync(path), isFile };
  let folder = dirname(path);
  while (!existsSync(folder)) folder = dirname(folder);
  const layer = realpathSync(folder);
  if (layer === '/') throw new MeshError('mount-not-possible', `mount ${path}: there is no such folder on this machine, and none can be made for a container right beneath /`);
  return { target: join(layer, path.slice(folder.length)), isFile, layer };
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
