/**
 * Virtual hosts of their own come by the incremental variant only. A table that leaves its hosts to be discovered is refused
 * where state of the world is spoken: it would answer 404 to everybody for ever.
 */
import { problem } from '@sluice/kernel';

import { isJsonObject, type JsonObject } from '../codec/json.ts';
import { typeUrls } from '../type-urls.ts';
import { isAggregated } from './sourced-references.ts';
import type { Offer } from './type-subscription.ts';

const reason = problem('vhds', 'needs the incremental variant (api_type: DELTA_GRPC), this stream is state of the world');

export function refusingDiscoveredHosts(offer: Offer): Offer {
  return (update) => {
    if (update.typeUrl !== typeUrls.routeConfiguration) return offer(update);
    const undeliverable = update.changed.filter(({ value: { vhds } }) => isJsonObject(vhds) && isAggregated(sourceIn(vhds)));
    if (undeliverable.length === 0) return offer(update);
    const refused = undeliverable.map(({ name }) => ({ name, problems: [reason] }));
    const changed = update.changed.filter((resource) => !undeliverable.includes(resource));
    return changed.length + update.removed.length === 0 ? refused : [...refused, ...offer({ ...update, changed })];
  };
}

function sourceIn({ config_source: source }: JsonObject): JsonObject | undefined {
  return isJsonObject(source) ? source : undefined;
}
