/** Who hears later of what changes while a program starts that somebody waits for. */
import type { Lull } from '../lull/lull.ts';

export interface Patience {
  readonly lull: Lull;
  /** Whether a client that calls itself so can do without news for as long. */
  readonly isPatient: (userAgent: string) => boolean;
}
