/** `envoy.extensions.filters.http.grpc_stats.v3.FilterConfig`. */
import type { Checked } from '@sluice/kernel';
import { decodeDocument, MessageReader, type DecodeOptions, type Scope } from '@sluice/resources';

export interface GrpcStatsConfig {
  /** Which methods have numbers of their own; all others share those of their cluster. */
  readonly methods: 'all' | ReadonlySet<string>;
  /** Whether times are measured, too. */
  readonly measuresTime: boolean;
  /** Whether dots in names of services become underscores. */
  readonly replacesDots: boolean;
}

export function decodeGrpcStats(value: unknown, path: string, options?: DecodeOptions): Checked<GrpcStatsConfig> {
  return decodeDocument(value, path, options, readGrpcStats);
}

function readGrpcStats(json: unknown, scope: Scope): GrpcStatsConfig | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const kind = reader.oneof(['individual_method_stats_allowlist', 'stats_for_all_methods'], false);
  const config: GrpcStatsConfig = {
    methods: kind && readMethods(kind, reader) ? 'all' : new Set(kind === 'individual_method_stats_allowlist' ? reader.read(kind, readAllowlist) : []),
    measuresTime: reader.boolean('enable_upstream_stats', false),
    replacesDots: reader.boolean('replace_dots_in_grpc_service_name', false),
  };
  reader.ignore(['emit_filter_state']);
  reader.done();
  return config;
}

function readMethods(kind: 'individual_method_stats_allowlist' | 'stats_for_all_methods', reader: MessageReader): boolean {
  return kind === 'stats_for_all_methods' && reader.boolean(kind, false);
}

/** Paths as requests have them: `/package.Service/Method`. */
function readAllowlist(json: unknown, scope: Scope): readonly string[] {
  const reader = MessageReader.open(json, scope);
  const services = reader?.list('services', readService) ?? [];
  reader?.done();
  return services.flat();
}

function readService(json: unknown, scope: Scope): readonly string[] | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const service = reader.requiredString('name');
  const methods = reader.strings('method_names').map((method) => `/${service}/${method}`);
  reader.done();
  return methods;
}
