/**
 * What each connected client has of each resource, as `envoy.service.status.v3.ClientStatusDiscoveryService` (CSDS) tells
 * it: the server's view. Messages are canonical JSON.
 */
import { problem, type Checked, type Problem } from '@sluice/kernel';

import { isJsonObject, type JsonObject, type JsonValue } from '../codec/json.ts';
import { nodeJson } from '../wire/discovery-wire.ts';
import type { AnySession, ServedTypeStatus } from './session.ts';
import type { TypeChannel } from './type-channel.ts';

/** How a channel's words for a resource are told: what of it the server has sent, and what the client has said. */
const statuses = {
  accepted: { config: 'SYNCED', client: 'ACKED' },
  unanswered: { config: 'STALE', client: 'REQUESTED' },
  'older sent': { config: 'STALE', client: 'ACKED' },
  'not sent': { config: 'NOT_SENT', client: 'REQUESTED' },
  refused: { config: 'ERROR', client: 'NACKED' },
} as const;

/**
 * The answer to a `ClientStatusRequest`: a `ClientStatusResponse` with one `ClientConfig` per node, which has all its streams
 * together. Or what is wrong with the request: of matchers, `node_id` with exact, prefix, suffix and contains is known.
 */
export function answerClientStatus(request: JsonObject, sessions: Iterable<AnySession>): Checked<JsonObject> {
  const problems: Problem[] = [];
  const matchers = objectsIn(request['node_matchers']).map((matcher, index) =>
    readMatcher(matcher, `node_matchers[${index}]`, problems),
  );
  if (problems.length > 0) return { ok: false, problems };
  const withContents = request['exclude_resource_contents'] !== true;
  const configs = new Map<string, { readonly node: JsonObject; readonly resources: JsonObject[] }>();
  for (const session of sessions) {
    const status = session.status();
    if (status === undefined || (matchers.length > 0 && !matchers.some((matches) => matches(status.node.id)))) continue;
    const config = configs.get(status.node.id) ?? { node: nodeJson(status.node), resources: [] };
    configs.set(status.node.id, config);
    for (const channel of session.channels) {
      const type = status.types.find(({ typeUrl }) => typeUrl === channel.typeUrl);
      if (type !== undefined) config.resources.push(...resourcesOf(channel, type, withContents));
    }
  }
  const config = [...configs.values()].map(({ node, resources }) => ({ node, generic_xds_configs: resources }));
  return { ok: true, value: { config }, problems: [] };
}

function resourcesOf(channel: TypeChannel, status: ServedTypeStatus, withContents: boolean): readonly JsonObject[] {
  const { typeUrl, refusals, subscription } = channel;
  const updatedAt = status.answeredAt ?? status.sentAt;
  const lastUpdated = updatedAt === undefined ? {} : { last_updated: timestamp(updatedAt) };
  const present = new Set<string>();
  const known = [...channel.wanted()].map((resource): JsonObject => {
    const { name, version, value } = resource;
    present.add(name);
    const state = statuses[channel.stateOf(name)];
    const refusal = refusals.get(name);
    return {
      type_url: typeUrl,
      name,
      version_info: version,
      ...(withContents ? { xds_config: { '@type': typeUrl, ...value } } : {}),
      ...lastUpdated,
      config_status: state.config,
      client_status: state.client,
      ...(refusal === undefined ? {} : { error_state: { details: refusal.message, version_info: refusal.version, ...attempt(status) } }),
    };
  });
  const missing = [...subscription.names].filter((name) => !present.has(name));
  return [
    ...known,
    ...missing.map((name) => ({ type_url: typeUrl, name, config_status: 'NOT_SENT', client_status: 'DOES_NOT_EXIST' })),
  ];
}

function attempt({ answeredAt }: ServedTypeStatus): JsonObject {
  return answeredAt === undefined ? {} : { last_update_attempt: timestamp(answeredAt) };
}

function timestamp(ms: number): string {
  return new Date(ms).toISOString();
}

type NodeMatcher = (nodeId: string) => boolean;

const patterns: Readonly<Record<string, (value: string, pattern: string) => boolean>> = {
  exact: (value, pattern) => value === pattern,
  prefix: (value, pattern) => value.startsWith(pattern),
  suffix: (value, pattern) => value.endsWith(pattern),
  contains: (value, pattern) => value.includes(pattern),
};

function readMatcher(matcher: JsonObject, path: string, problems: Problem[]): NodeMatcher {
  const { node_id: nodeId } = matcher;
  if (objectsIn(matcher['node_metadatas']).length > 0) problems.push(problem(`${path}.node_metadatas`, 'is not supported'));
  if (!isJsonObject(nodeId)) return () => true;
  const { ignore_case: ignoresCase, ...kinds } = nodeId;
  const [kind = '', pattern] = Object.entries(kinds)[0] ?? [];
  const test = patterns[kind];
  if (test === undefined || typeof pattern !== 'string') {
    problems.push(problem(`${path}.node_id${kind === '' ? '' : `.${kind}`}`, `is not supported, must be one of ${Object.keys(patterns).join(', ')}`));
    return () => false;
  }
  const fold = (text: string): string => (ignoresCase === true ? text.toLowerCase() : text);
  return (id) => test(fold(id), fold(pattern));
}

function objectsIn(value: JsonValue | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}
