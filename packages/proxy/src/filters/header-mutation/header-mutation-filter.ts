/**
 * `envoy.filters.http.header_mutation`: changes headers, trailers and the query at its place in the chain, so that filters
 * behind it see them changed. The filter's own rules come first; then those of all levels of the route.
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/header_mutation_filter
 */
import type { HeaderBlock, Trailers } from '@sluice/http';
import type { Checked } from '@sluice/kernel';
import { decodeDocument, MessageReader, type DecodeOptions } from '@sluice/resources';
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
    const { info, request } = stream;
    const source = { info, request, response: undefined };
    this.#forEachLevel(stream, (level) => {
      for (const rule of level.request) rule(request, source);
      changeQuery(request, level.query, source);
    });
    return 'continue';
  }

  onResponse(stream: Stream): void {
    const { info, request, response } = stream;
    if (response) this.#change(stream, response, 'response', { info, request, response });
  }

  onRequestTrailers(stream: Stream, trailers: Trailers): void {
    const { info, request, response } = stream;
    this.#change(stream, trailers, 'requestTrailers', { info, request, response });
  }

  onResponseTrailers(stream: Stream, trailers: Trailers): void {
    const { info, request, response } = stream;
    this.#change(stream, trailers, 'responseTrailers', { info, request, response });
  }

  #change(stream: Stream, block: HeaderBlock, where: Exclude<keyof CompiledMutations, 'query'>, source: FormatSource): void {
    this.#forEachLevel(stream, (level) => {
      for (const rule of level[where]) rule(block, source);
    });
  }

  #forEachLevel(stream: Stream, apply: (level: CompiledMutations) => void): void {
    apply(this.#own);
    const levels = routeConfigsOf<CompiledMutations>(stream, this.name);
    for (let index = 0; index < levels.length; index += 1) {
      const level = levels[this.#mostSpecificWins ? levels.length - 1 - index : index];
      if (level) apply(level);
    }
  }
}
