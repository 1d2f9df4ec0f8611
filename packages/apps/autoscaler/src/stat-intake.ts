/** Statistics as activators send them over websockets → statistics as the deciders take them, or another replica's. */
import type { Stat } from '@sluice/scaling';
import type { StatMessage } from '@sluice/stats';
import type { Ownership } from './sharding/ownership.ts';

export interface StatIntakeOptions {
  readonly ownership: Ownership;
  readonly record: (key: string, stat: Stat) => void;
  /** What is not ours goes to whose it is. Absent where there is one replica. */
  readonly forward?: (messages: readonly StatMessage[]) => void;
}

export class StatIntake {
  readonly #options: StatIntakeOptions;

  constructor(options: StatIntakeOptions) {
    this.#options = options;
  }

  take(messages: readonly StatMessage[]): void {
    const { ownership, forward } = this.#options;
    const others: StatMessage[] = [];
    for (const message of messages) {
      if (ownership.owns(`${message.namespace}/${message.name}`)) this.takeOwn(message);
      else others.push(message);
    }
    if (others.length > 0) forward?.(others);
  }

  takeOwn({ namespace, name, stat }: StatMessage): void {
    // Counts are per second already, and times are the sender's: the receiver's clock counts.
    this.#options.record(`${namespace}/${name}`, stat);
  }
}
