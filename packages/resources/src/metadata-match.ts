/** `metadata_match` of a route or a weighted cluster: what endpoints must say of themselves to be chosen. */
import type { MessageReader } from './decode/message-reader.ts';
import { readMetadata, type Struct } from './metadata.ts';

/** Only what stands under `envoy.lb` chooses endpoints, as in Envoy. Undefined: any will do. */
export function readMetadataMatch(reader: MessageReader): Struct | undefined {
  const facts = reader.read('metadata_match', readMetadata)?.['envoy.lb'];
  return facts && Object.keys(facts).length > 0 ? facts : undefined;
}
