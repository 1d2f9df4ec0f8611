/**
 * What the compressors of a chain offer for one response, so that the client's weights choose among them. They know of
 * each other through the stream alone.
 */
import type { StreamInfo } from '../../stream-info.ts';
import { preferredCoding } from './accept-encoding.ts';

const acceptedKey = 'envoy.filters.http.compressor.accept_encoding';
const offeredKey = 'envoy.filters.http.compressor.codings';

/** In the order of the chain; those that choose first stand before the others. */
export function offerCoding(info: StreamInfo, acceptEncoding: string, coding: string, choosesFirst: boolean): void {
  const offered = info.filterState?.get(offeredKey);
  if (offered === undefined) info.setFilterState(acceptedKey, acceptEncoding);
  const all = offered === undefined ? coding : choosesFirst ? `${coding},${offered}` : `${offered},${coding}`;
  info.setFilterState(offeredKey, all);
}

/** What the client has said, also where a compressor before has taken it out of the request. */
export function acceptEncodingOf(info: StreamInfo): string | undefined {
  return info.filterState?.get(acceptedKey);
}

/** Undefined where nobody has offered anything that the client takes. */
export function chosenCoding({ filterState }: StreamInfo): string | undefined {
  const offered = filterState?.get(offeredKey);
  return offered === undefined ? undefined : preferredCoding(filterState?.get(acceptedKey) ?? '', offered.split(','));
}
