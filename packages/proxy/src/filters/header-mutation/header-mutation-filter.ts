/**
 * `envoy.filters.http.header_mutation`: changes headers, trailers and the query at its place in the chain, so that filters
 * behind it see them changed. The filter's own rules come first; then those of all levels of the route.
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/header_mutation_filter
 */
import type { HeaderBlock, Trailers } from '@sluice/http';
import type { Checked } from '@sluice/kernel';
import { decodeDocument, MessageReader, type DecodeOptions } from '@sluice/resources';
import type { HeaderRule } from '../../router/header-rules.ts';
import type { Stream } from '../../stream.ts';
import type { FormatSource } from '../../substitution/format-source.ts';
import { defineFilter, definePerRoute, routeConfigsOf, type FilterContext, type FilterFactory, type HttpFilter } from '../filter.ts';
import type { FilterVerdict } from '../filter-verdict.ts';
import { compileMutations, readMutations, type CompiledMutations, type Mutations } from './mutations.ts';
import { changeQuery } from './query-mutations.ts';

interface HeaderMutationConfig {
  readonly mutations: Mutations;
  /** Whether the table's rules act before the route's, so that the route has the last word. Default false, as Envoy. */
  readonly mostSpecificWins: boolean;
}

export const headerMutationFactory: FilterFactory = defineFilter<HeaderMutationConfig>({
  name: 'envoy.filters.http.header_mutation',
  typeUrl: 'type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutation',
  decode: (value, path, options) => decodeConfig(value, path, options, true),
  create: (config, context) => new HeaderMutationFilter(config, context),
  perRoute: definePerRoute<HeaderMutationConfig>({
    typeUrl: 'type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute',
    decode: (value, path, options) => decodeConfig(value, path, options, false),
    create: ({ mutations }, { patterns }) => compileMutations(mutations, patterns),
  }),
});

const noMutations: Mutations = { request: [], response: [], requestTrailers: [], responseTrailers: [], query: [] };

function decodeConfig(value: unknown, path: string, options: DecodeOptions | undefined, isFilter: boolean): Checked<HeaderMutationConfig> {
  return decodeDocument(value, path, options, (json, scope) => {
    const reader = MessageReader.open(json, scope);
    if (!reader) return undefined;
    const mutations = reader.read('mutations', readMutations) ?? noMutations;
    const mostSpecificWins = isFilter && reader.boolean('most_specific_header_mutations_wins', false);
    reader.done();
    return { mutations, mostSpecificWins };
  });
}

class HeaderMutationFilter implements HttpFilter {
  readonly name: string;
  readonly #own: CompiledMutations;
  readonly #mostSpecificWins: boolean;

  constructor({ mutations, mostSpecificWins }: HeaderMutationConfig, { filterName, patterns }: FilterContext) {
    this.name = filterName;
    this.#own = compileMutations(mutations, patterns);
    this.#mostSpecificWins = mostSpecificWins;
  }

  onRequest(stream: Stream): FilterVerdict {
    const levels = routeConfigsOf<CompiledMutations>(stream, this.name);
    for (let index = -1; index < levels.length; index += 1) {
      const { request, query } = this.#level(levels, index);
      applyRules(request, stream.request, stream);
      changeQuery(stream.request, query, stream);
    }
    return 'continue';
  }

  onResponse(stream: Stream): void {
    if (stream.response) this.#change(stream, stream.response, 'response');
  }

  onRequestTrailers(stream: Stream, trailers: Trailers): void {
    this.#change(stream, trailers, 'requestTrailers');
  }

  onResponseTrailers(stream: Stream, trailers: Trailers): void {
    this.#change(stream, trailers, 'responseTrailers');
  }

  #change(stream: Stream, block: HeaderBlock, where: Exclude<keyof CompiledMutations, 'query'>): void {
    const levels = routeConfigsOf<CompiledMutations>(stream, this.name);
    for (let index = -1; index < levels.length; index += 1) applyRules(this.#level(levels, index)[where], block, stream);
  }

  /** In the order in which they act; -1 is the filter's own. */
  #level(levels: readonly CompiledMutations[], index: number): CompiledMutations {
    return levels[this.#mostSpecificWins ? levels.length - 1 - index : index] ?? this.#own;
  }
}

/** Operators read the stream as it is. */
function applyRules(rules: readonly HeaderRule[], block: HeaderBlock, source: FormatSource): void {
  for (let index = 0; index < rules.length; index += 1) (rules[index] as HeaderRule)(block, source);
}
