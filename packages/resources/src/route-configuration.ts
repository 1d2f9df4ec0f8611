/** `envoy.config.route.v3.RouteConfiguration`: a routing table. */
import { problem, type Checked, type Problem } from '@sluice/kernel';
import { readConfigSource, type ConfigSource } from './config-source.ts';
import { decodeDocument } from './decode/decode-document.ts';
import { MessageReader } from './decode/message-reader.ts';
import type { DecodeOptions, Scope } from './decode/scope.ts';
import { readHeaderMutations, readRemovableName, type HeaderMutations } from './header-value-option.ts';
import { noMetadata, readMetadata, type Metadata } from './metadata.ts';
import { readPerFilterConfigs, type PerFilterConfigs } from './per-filter-config.ts';
import { readRequestMirrorPolicy, type RequestMirrorPolicy } from './request-mirror-policy.ts';
import { readVirtualHost, type VirtualHost } from './virtual-host.ts';

export interface RouteConfiguration {
  readonly name: string;
  readonly virtualHosts: readonly VirtualHost[];
  /** From where more virtual hosts come, each a resource of its own; undefined: these are all. */
  readonly virtualHostSource: ConfigSource | undefined;
  /** For virtual hosts and routes that have none. */
  readonly mirrorPolicies: readonly RequestMirrorPolicy[];
  readonly headers: HeaderMutations;
  /** Lets the table's header rules act first and the route's last, so that the most specific wins. */
  readonly mostSpecificHeaderMutationsWins: boolean;
  /** Whether a route to a cluster that does not exist is an error; undefined: true inline, false over RDS. */
  readonly validateClusters: boolean | undefined;
  /** Compares hosts without their port. */
  readonly ignorePortInHostMatching: boolean;
  /** Compares paths up to their first `;`. */
  readonly ignorePathParametersInPathMatching: boolean;
  /** The header (lower case) whose value is looked for among the domains instead of the host; empty: the host. */
  readonly virtualHostHeader: string;
  /** Longer direct responses are refused. Default 4096, as Envoy. */
  readonly directResponseBodyBytesMax: number;
  /** Headers (lower case) that are taken from requests of clients that are not our own. */
  readonly internalOnlyHeaders: readonly string[];
  readonly metadata: Metadata;
  readonly perFilterConfigs: PerFilterConfigs;
}

/** Envoy's default for `max_direct_response_body_size_bytes`. */
const defaultDirectResponseBodyBytesMax = 4096;

export function decodeRouteConfiguration(
  json: unknown,
  path = '',
  options?: DecodeOptions,
): Checked<RouteConfiguration> {
  return decodeDocument(json, path, options, readRouteConfiguration);
}

export function readRouteConfiguration(json: unknown, scope: Scope): RouteConfiguration | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const table: RouteConfiguration = {
    name: reader.string('name', ''),
    mirrorPolicies: reader.list('request_mirror_policies', readRequestMirrorPolicy),
    virtualHosts: reader.list('virtual_hosts', readVirtualHost),
    virtualHostSource: reader.read('vhds', readVhds),
    headers: readHeaderMutations(reader),
    mostSpecificHeaderMutationsWins: reader.boolean('most_specific_header_mutations_wins', false),
    validateClusters: reader.boolean('validate_clusters'),
    ignorePortInHostMatching: reader.boolean('ignore_port_in_host_matching', false),
    ignorePathParametersInPathMatching: reader.boolean('ignore_path_parameters_in_path_matching', false),
    virtualHostHeader: reader.string('vhost_header', '').toLowerCase(),
    directResponseBodyBytesMax: reader.uint32(
      'max_direct_response_body_size_bytes',
      defaultDirectResponseBodyBytesMax,
    ),
    internalOnlyHeaders: reader.list('internal_only_headers', readRemovableName),
    metadata: reader.read('metadata', readMetadata) ?? noMetadata,
    perFilterConfigs: readPerFilterConfigs(reader),
  };
  reader.refuse(['cluster_specifier_plugins']);
  reader.done();
  checkDomains(table, scope);
  checkBodies(table, scope);
  return table;
}

/** `Vhds`. Only the incremental variant carries virtual hosts, as in Envoy. */
function readVhds(json: unknown, scope: Scope): ConfigSource | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const source = reader.required('config_source', readConfigSource);
  reader.done();
  const at = scope.at('config_source');
  if (source?.kind === 'path') at.error('is a file, must be ads or a server: virtual hosts come by the incremental variant only');
  if (source?.kind === 'api' && source.api.apiType !== 'DELTA_GRPC') at.at('api_config_source').at('api_type').error('must be DELTA_GRPC: virtual hosts come by the incremental variant only');
  return source;
}

function checkDomains(table: RouteConfiguration, scope: Scope): void {
  const owners = new Map<string, string>();
  table.virtualHosts.forEach((host, hostIndex) => {
    host.domains.forEach((domain, domainIndex) => {
      const owner = owners.get(domain);
      if (owner === undefined) {
        owners.set(domain, host.name);
        return;
      }
      const at = scope.at('virtual_hosts').at(hostIndex).at('domains').at(domainIndex);
      at.error(`is ${JSON.stringify(domain)}, which virtual host ${JSON.stringify(owner)} has already`);
    });
  });
}

function checkBodies(table: RouteConfiguration, scope: Scope): void {
  table.virtualHosts.forEach((host, index) => {
    const at = scope.at('virtual_hosts').at(index).path;
    scope.report(oversizedBodies(host, table).map(({ path, message }) => problem(`${at}.${path}`, message)));
  });
}

/** What a table does not let a host of its answer: paths begin inside the host. */
export function oversizedBodies({ routes }: VirtualHost, { directResponseBodyBytesMax: max }: Pick<RouteConfiguration, 'directResponseBodyBytesMax'>): readonly Problem[] {
  return routes.flatMap(({ action }, index): Problem[] => {
    if (action.kind !== 'direct_response' || action.body?.kind !== 'inline') return [];
    const bytes = Buffer.byteLength(action.body.text);
    return bytes <= max ? [] : [problem(`routes[${index}].direct_response.body`, `has ${bytes} bytes, must have at most ${max}`)];
  });
}
