/** Which form of answer a client asked for (`accept`), and in which form its body came (`content-type`). */
import { notAcceptable } from '../status-error.ts';

export type AnswerForm =
  | { readonly kind: 'object'; readonly isYaml?: true }
  | { readonly kind: 'table'; readonly version: string }
  | { readonly kind: 'metadata'; readonly version: string; readonly isList: boolean };

interface MediaRange {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
}

const META_VERSIONS = ['v1', 'v1beta1'];

/**
 * The first range of the header that can be served, in the client's order. Protobuf is never served;
 * clients that ask for it name JSON second.
 * @throws StatusError 406 when there is none
 */
export function negotiateForm(accept: string | undefined): AnswerForm {
  const ranges = parseAccept(accept);
  if (ranges.length === 0) return { kind: 'object' };
  for (const { type, parameters } of ranges) {
    if (type === '*/*' || type === 'application/*') return { kind: 'object' };
    if (type === 'application/yaml') return { kind: 'object', isYaml: true };
    if (type !== 'application/json') continue;
    const as = parameters.get('as');
    if (as === undefined) return { kind: 'object' };
    const version = parameters.get('v') ?? '';
    if (parameters.get('g') !== 'meta.k8s.io' || !META_VERSIONS.includes(version)) continue;
    if (as === 'Table') return { kind: 'table', version };
    if (as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList') return { kind: 'metadata', version, isList: as.endsWith('List') };
  }
  throw notAcceptable(['application/json', 'application/yaml']);
}

/** True when the client can read aggregated discovery in its final version. */
export function acceptsAggregatedDiscovery(accept: string | undefined): boolean {
  return parseAccept(accept).some(
    ({ parameters }) => parameters.get('as') === 'APIGroupDiscoveryList' && parameters.get('v') === 'v2',
  );
}

/** The media type of a body without its parameters, in lower case. */
export function mediaTypeOf(contentType: string | undefined): string {
  return (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/** Quality values are not weighed: no Kubernetes client sends them, and the order says the same. */
function parseAccept(accept: string | undefined): MediaRange[] {
  const ranges: MediaRange[] = [];
  for (const part of (accept ?? '').split(',')) {
    const [type = '', ...parameters] = part.split(';').map((piece) => piece.trim());
    if (type === '') continue;
    ranges.push({ type, parameters: new Map(parameters.map((one) => splitOnce(one))) });
  }
  return ranges;
}

function splitOnce(text: string): [string, string] {
  const at = text.indexOf('=');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
