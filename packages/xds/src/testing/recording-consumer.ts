/** A consumer that writes down what it is given and refuses what it is told to refuse. */
import { problem } from '@sluice/kernel';

import type { AdsConsumer, RejectedResource, ResourceUpdate } from '../client/ads-consumer.ts';
import { shortTypeName, type TypeUrl } from '../type-urls.ts';

export class RecordingConsumer implements AdsConsumer {
  /** One line per event: `CDS +default/a -default/b`, `missing EDS default/a`, `connected`. */
  readonly log: string[] = [];
  /** Names to refuse, each with the reason to give. */
  readonly refusing = new Map<string, string>();

  onUpdate(update: ResourceUpdate): readonly RejectedResource[] {
    // A snapshot has no order of its own, so here they are in the order of their names.
    const changed = update.changed.map(({ name }) => `+${name}`).sort();
    const removed = update.removed.map((name) => `-${name}`).sort();
    this.log.push([shortTypeName(update.typeUrl), ...changed, ...removed].join(' '));
    return update.changed.flatMap(({ name }) => {
      const reason = this.refusing.get(name);
      return reason === undefined ? [] : [{ name, problems: [problem('', reason)] }];
    });
  }

  onMissing(typeUrl: TypeUrl, name: string): void {
    this.log.push(`missing ${shortTypeName(typeUrl)} ${name}`);
  }

  onConnection(connected: boolean): void {
    this.log.push(connected ? 'connected' : 'disconnected');
  }
}
