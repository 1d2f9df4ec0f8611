/** What the upstream half needs of its proxy, on a simulated network and clock, for tests of its parts. */
import { createMeter, createSeededRandom } from '@sluice/kernel';
import { RecordingLogger, SimulatedLinks, SimulatedNetwork, SimulatedResolver, SimulatedTime } from '@sluice/kernel/testing';
import { OutputBuffer } from '../output-buffer.ts';
import { Statistics } from '../statistics.ts';
import { Sweep } from '../sweep.ts';
import { Turn } from '../turn.ts';
import type { UpstreamContext } from '../upstream/upstream-context.ts';

export function startUpstreamContext(): { readonly time: SimulatedTime; readonly network: SimulatedNetwork; readonly context: UpstreamContext } {
  const time = new SimulatedTime();
  const network = new SimulatedNetwork({ links: new SimulatedLinks({ time }) });
  const turn = new Turn(time);
  const context: UpstreamContext = {
    random: createSeededRandom(1),
    timers: time,
    network: network.view('proxy', '10.0.0.1'),
    resolver: new SimulatedResolver(time),
    logger: new RecordingLogger(),
    statistics: new Statistics(createMeter()),
    turn,
    output: new OutputBuffer(turn),
    sweep: new Sweep(turn, time, 50),
  };
  return { time, network, context };
}
