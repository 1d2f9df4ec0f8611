/**
 * `envoy.filters.http.set_filter_state`: leaves texts at a stream, for filters behind and the access log.
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/set_filter_state
 */
import type { Checked } from '@sluice/kernel';
import { decodeDocument, MessageReader, type DecodeOptions, type Scope } from '@sluice/resources';
import type { Stream } from '../../stream.ts';
import { compileFormat, type TextFormat } from '../../substitution/compile-format.ts';
import { defineFilter, type FilterContext, type FilterFactory, type HttpFilter } from '../filter.ts';
import type { FilterVerdict } from '../filter-verdict.ts';

interface StateValue {
  readonly key: string;
  /** A format string. */
  readonly format: string;
  /** Whether nothing is left at the stream where there would be nothing in it. */
  readonly skipsEmpty: boolean;
  readonly omitsEmpty: boolean;
  readonly isReadOnly: boolean;
}

interface SetFilterStateConfig {
  readonly values: readonly StateValue[];
  readonly clearsRoute: boolean;
}

export const setFilterStateFactory: FilterFactory = defineFilter<SetFilterStateConfig>({
  name: 'envoy.filters.http.set_filter_state',
  typeUrl: 'type.googleapis.com/envoy.extensions.filters.http.set_filter_state.v3.Config',
  decode: decodeConfig,
  create: (config, context) => new SetFilterStateFilter(config, context),
});

function decodeConfig(value: unknown, path: string, options?: DecodeOptions): Checked<SetFilterStateConfig> {
  return decodeDocument(value, path, options, (json, scope) => {
    const reader = MessageReader.open(json, scope);
    if (!reader) return undefined;
    const config = { values: reader.list('on_request_headers', readValue), clearsRoute: reader.boolean('clear_route_cache', false) };
    reader.done();
    return config;
  });
}

function readValue(json: unknown, scope: Scope): StateValue | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const key = reader.requiredString('object_key');
  const format = reader.required('format_string', readFormat);
  const flags = { skipsEmpty: reader.boolean('skip_if_empty', false), isReadOnly: reader.boolean('read_only', false) };
  // State is text here, whatever an object of Envoy's would make of it, and stays within the proxy.
  reader.ignore(['factory_key', 'shared_with_upstream']);
  reader.done();
  return format && { key, ...format, ...flags };
}

function readFormat(json: unknown, scope: Scope): Pick<StateValue, 'format' | 'omitsEmpty'> | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const kind = reader.oneof(['text_format', 'text_format_source'], true);
  const format =
    kind === 'text_format'
      ? reader.string(kind, '')
      : reader.read('text_format_source', (inner, at) => {
          const source = MessageReader.open(inner, at);
          const text = source?.requiredString('inline_string');
          source?.done();
          return text;
        });
  const omitsEmpty = reader.boolean('omit_empty_values', false);
  reader.done();
  return format === undefined ? undefined : { format, omitsEmpty };
}

class SetFilterStateFilter implements HttpFilter {
  readonly name: string;
  readonly #values: readonly { readonly value: StateValue; readonly format: TextFormat }[];
  readonly #clearsRoute: boolean;

  constructor({ values, clearsRoute }: SetFilterStateConfig, { filterName, patterns }: FilterContext) {
    this.name = filterName;
    this.#clearsRoute = clearsRoute;
    this.#values = values.flatMap((value, index) => {
      const compiled = compileFormat(value.format, value.omitsEmpty ? '' : '-');
      if (compiled.ok) return [{ value, format: compiled.format }];
      patterns.error(`on_request_headers[${index}].format_string`, compiled.message);
      return [];
    });
  }

  onRequest(stream: Stream): FilterVerdict {
    const { info, request } = stream;
    const source = { info, request, response: undefined };
    for (const { value, format } of this.#values) {
      const text = format(source);
      if (text !== '' || !value.skipsEmpty) info.setFilterState(value.key, text);
    }
    if (this.#clearsRoute) stream.clearRouteCache();
    return 'continue';
  }
}
