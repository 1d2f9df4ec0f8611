/** As many requests as a target can take over some connections, each sending the next when the last is answered: its capacity. */
import type { Network } from '@sluice/kernel';
import { Lane, type LaneOwner } from './lane.ts';

export interface ClosedLoopOptions {
  readonly port: number;
  readonly seconds: number;
  readonly connections: number;
}

export interface ClosedLoopResult {
  readonly requests: number;
  readonly seconds: number;
  readonly lost: number;
}

/** @throws Error when a connection cannot be made */
export async function runClosedLoop({ port, seconds, connections }: ClosedLoopOptions, network: Network): Promise<ClosedLoopResult> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let [requests, lost, underWay] = [0, 0, 0];
  let stopAt = Number.POSITIVE_INFINITY;
  const owner: LaneOwner = {
    onEnd(lane, _index, isGood) {
      requests += 1;
      if (!isGood) lost += 1;
      if (lane.isOpen && performance.now() < stopAt) return lane.send(0);
      underWay -= 1;
      if (underWay === 0) resolve();
    },
  };
  const lanes: Lane[] = [];
  while (lanes.length < connections) lanes.push(await Lane.open(network, port, owner));
  const begun = performance.now();
  stopAt = begun + seconds * 1_000;
  underWay = lanes.length;
  for (const lane of lanes) lane.send(0);
  await promise;
  const took = (performance.now() - begun) / 1_000;
  for (const lane of lanes) lane.close();
  return { requests, seconds: took, lost };
}
