/** What a matcher looks at: the inputs of Envoy's matching API that a request has. */
import { MessageReader, openTypedConfig, type Scope } from '@sluice/resources';
import { firstQueryValue } from '../../router/head-test.ts';
import type { Stream } from '../../stream.ts';
import { valueAt } from '../../struct-path.ts';

/** Undefined where a stream has no such thing. */
export type MatcherInput = (stream: Stream) => string | undefined;

const network = 'envoy.extensions.matching.common_inputs.network.v3';

type ReadInput = (reader: MessageReader) => MatcherInput;

const inputs: Readonly<Record<string, ReadInput>> = {
  'envoy.type.matcher.v3.HttpRequestHeaderMatchInput'(reader) {
    const name = reader.requiredString('header_name').toLowerCase();
    return ({ request }) => headerOf(request, name);
  },
  'envoy.type.matcher.v3.HttpRequestQueryParamMatchInput'(reader) {
    const name = reader.requiredString('query_param');
    return ({ request }) => firstQueryValue(request.path, name);
  },
  [`${network}.SourceIPInput`]: () => (stream) => stream.clientHost,
  [`${network}.DirectSourceIPInput`]: () => ({ info }) => (info.connection?.directRemote ?? info.downstreamRemote).host,
  [`${network}.ServerNameInput`]: () => ({ info }) => info.connection?.serverName || undefined,
  [`${network}.SourcePortInput`]: () => ({ info }) => String(info.downstreamRemote.port),
  [`${network}.DestinationIPInput`]: () => ({ info }) => info.downstreamLocal.host,
  [`${network}.DestinationPortInput`]: () => ({ info }) => String(info.downstreamLocal.port),
  [`${network}.FilterStateInput`](reader) {
    const key = reader.requiredString('key');
    return ({ info }) => info.filterState?.get(key);
  },
  [`${network}.DynamicMetadataInput`](reader) {
    const filter = reader.requiredString('filter');
    const path = reader.list('path', (json, scope) => {
      const segment = MessageReader.open(json, scope);
      const key = segment?.requiredString('key');
      segment?.done();
      return key;
    });
    return ({ info }) => textOf(valueAt(info.dynamicMetadata?.get(filter), path));
  },
};

/** A `TypedExtensionConfig` of an input. */
export function readMatcherInput(json: unknown, scope: Scope): MatcherInput | undefined {
  const outer = MessageReader.open(json, scope);
  if (!outer) return undefined;
  outer.requiredString('name');
  const input = outer.required('typed_config', (inner, at) => {
    const typed = openTypedConfig(inner, at);
    const read = typed && inputs[typed.typeName];
    if (typed && !read) at.at('@type').error(`is ${typed.typeName}, which is not known; known are ${Object.keys(inputs).join(', ')}`);
    const reader = typed && read && MessageReader.open(typed.json, typed.scope);
    const found = reader && read?.(reader);
    reader?.done();
    return found;
  });
  outer.done();
  return input;
}

function headerOf(request: Stream['request'], name: string): string | undefined {
  switch (name) {
    case ':path':
      return request.path;
    case ':method':
      return request.method;
    case ':authority':
    case 'host':
      return request.authority;
    default:
      return request.get(name);
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : value === undefined ? undefined : JSON.stringify(value);
}
