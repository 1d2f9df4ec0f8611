/** The images of the chart as programs of this machine: bundles, begun as the Dockerfiles begin them. */
import type { ImageProgram, ImagePrograms } from '@sluice/local';

/** By the name of the image, whatever its registry and its tag. */
export type ProgramTable = Readonly<Record<string, ImageProgram>>;

export function imagePrograms(table: ProgramTable): ImagePrograms {
  return (image) => table[/([^/:@]+)(:[^/]*|@.*)?$/.exec(image)?.[1] ?? ''];
}
