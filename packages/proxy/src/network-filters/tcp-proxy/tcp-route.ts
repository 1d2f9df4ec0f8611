/** Where the connections of one TCP proxy go, compiled. */
import { xxHash64, type Hash64, type SubsetCriteria } from '@sluice/balancing';
import type { Random } from '@sluice/kernel';
import type { ConnectionInfo } from '../../downstream/connection-info.ts';

export interface TcpTarget {
  readonly cluster: string;
  readonly weight: number;
  readonly subset: SubsetCriteria | undefined;
}

/** By weight, unless a filter before has said which. */
export function chooseTarget(targets: readonly TcpTarget[], { cluster }: ConnectionInfo, random: Random): TcpTarget | undefined {
  const [first] = targets;
  if (cluster !== undefined) return { cluster, weight: 1, subset: first?.subset };
  if (targets.length < 2) return first;
  const total = targets.reduce((sum, { weight }) => sum + weight, 0);
  let drawn = random.next() * total;
  return targets.find(({ weight }) => (drawn -= weight) < 0) ?? first;
}

export function hashOfSource({ remote }: ConnectionInfo): Hash64 {
  return xxHash64(remote.host);
}
