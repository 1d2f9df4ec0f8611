/** A proxy's client that writes down when it had which version of one revision's endpoints, and when it was connected. */
import { createMeter, createSeededRandom, silentLogger, systemClock, systemTimers } from '@sluice/kernel';
import { createAdsClient, createFailoverTransport, openGrpcTransport, typeUrls, type AdsClient, type Codec } from '@sluice/xds';

export class Follower {
  /** The number of the newest change that is in force. */
  applied = 0;
  /** Per change, when it or a newer one was in force. */
  readonly appliedAt: number[] = [];
  /** When it was connected, each time. */
  readonly connectedAt: number[] = [];
  readonly #client: AdsClient;
  readonly #close: () => void;

  private constructor(client: AdsClient, close: () => void) {
    this.#client = client;
    this.#close = close;
  }

  /** @param addresses of the replicas, in the order to try them */
  static async start(index: number, addresses: readonly string[], cluster: string, codec: Codec): Promise<Follower> {
    const transports = await Promise.all(addresses.map((address) => openGrpcTransport({ address, codec, waitsForConnection: false })));
    const client = createAdsClient({
      node: { id: `gateway~${index}`, cluster: 'sluice-gateway' },
      variant: 'delta',
      transport: createFailoverTransport(transports),
      codec,
      consumer: {
        onUpdate({ typeUrl, changed }) {
          const assignment = changed.find(({ name }) => typeUrl === typeUrls.clusterLoadAssignment && name === cluster);
          if (assignment) follower.#take(changeIn(JSON.stringify(assignment.value)));
          return [];
        },
        onConnection(connected) {
          if (connected) follower.connectedAt.push(performance.now());
        },
      },
      clock: systemClock,
      timers: systemTimers,
      random: createSeededRandom(index),
      logger: silentLogger,
      meter: createMeter(),
    });
    const follower = new Follower(client, () => {
      for (const transport of transports) transport.close();
    });
    client.start();
    return follower;
  }

  stop(): void {
    this.#client.stop();
    this.#close();
  }

  #take(change: number): void {
    const now = performance.now();
    for (let number = this.applied + 1; number <= change; number += 1) this.appliedAt[number] = now;
    this.applied = Math.max(this.applied, change);
  }
}

/** The address of the pod after so many changes. */
export function addressOf(change: number): string {
  return `10.1.${change >> 8}.${change & 255}`;
}

function changeIn(assignment: string): number {
  const [, high, low] = /"10\.1\.(\d+)\.(\d+)"/.exec(assignment) ?? [];
  return high === undefined ? 0 : Number(high) * 256 + Number(low);
}
