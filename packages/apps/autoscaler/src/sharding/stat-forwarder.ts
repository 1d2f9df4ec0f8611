/**
 * Passes statistics on to the replica that decides on them, since an activator is connected to any one. What cannot be delivered
 * is tried again for a while, as an owner may just be changing.
 * https://github.com/knative/serving/blob/main/pkg/autoscaler/statforwarder/forwarder.go
 */
import type { Logger, Meter, Network, Random, Timer, Timers } from '@sluice/kernel';
import { createStatSender, type StatMessage, type StatSender } from '@sluice/stats';
import type { Ownership } from './ownership.ts';

export interface StatForwarderOptions {
  readonly ownership: Ownership;
  readonly network: Network;
  /** Where replicas listen. */
  readonly statsPort: number;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
  /** Takes what turns out to be ours. */
  readonly onOwn: (message: StatMessage) => void;
}

/** Pause before what was not delivered is tried again, in ms, and how often. Knative's. */
const retryMs = 500;
const attemptsMax = 30;

/** Messages that may wait for their next try. Chosen: a thousand revisions for as long as it is tried. */
const waitingMax = 15_000;

interface Waiting {
  readonly message: StatMessage;
  readonly attempts: number;
}

export class StatForwarder {
  readonly #options: StatForwarderOptions;
  /** By address. */
  readonly #senders = new Map<string, StatSender>();
  #waiting: Waiting[] = [];
  #timer: Timer | undefined;

  constructor(options: StatForwarderOptions) {
    this.#options = options;
  }

  /** Takes statistics that are not, or not known to be, this replica's. */
  forward(messages: readonly StatMessage[]): void {
    this.#deliver(messages.map((message) => ({ message, attempts: 1 })));
  }

  stop(): void {
    this.#timer?.cancel();
    for (const sender of this.#senders.values()) sender.stop();
    this.#senders.clear();
    this.#waiting = [];
  }

  #deliver(all: readonly Waiting[]): void {
    const { ownership, onOwn } = this.#options;
    const byOwner = new Map<string, Waiting[]>();
    for (const waiting of all) {
      const key = `${waiting.message.namespace}/${waiting.message.name}`;
      if (ownership.owns(key)) onOwn(waiting.message);
      else {
        const owner = ownership.ownerAddress(key);
        if (owner === undefined) this.#retry(waiting);
        else byOwner.set(owner, [...(byOwner.get(owner) ?? []), waiting]);
      }
    }
    for (const [owner, waiting] of byOwner) {
      if (!this.#senderTo(owner).send(waiting.map(({ message }) => message))) for (const each of waiting) this.#retry(each);
    }
  }

  #retry({ message, attempts }: Waiting): void {
    if (attempts >= attemptsMax || this.#waiting.length >= waitingMax) {
      this.#options.meter.counter('sluice_stat_messages_undelivered_total', 'statistics that no replica could be found for').add();
      return;
    }
    this.#waiting.push({ message, attempts: attempts + 1 });
    this.#timer ??= this.#options.timers.after(retryMs, () => {
      this.#timer = undefined;
      const waiting = this.#waiting;
      this.#waiting = [];
      this.#deliver(waiting);
    });
  }

  #senderTo(owner: string): StatSender {
    let sender = this.#senders.get(owner);
    if (!sender) {
      // Replicas come and go with their addresses: those that lead nowhere now are not connected to for ever.
      for (const [address, old] of this.#senders) {
        if (old.connected) continue;
        old.stop();
        this.#senders.delete(address);
      }
      sender = createStatSender({ ...this.#options, address: { host: owner, port: this.#options.statsPort } });
      this.#senders.set(owner, sender);
      sender.start();
    }
    return sender;
  }
}
