/** `envoy.config.overload.v3.OverloadManager`: what the process watches of itself, and what it does when that is too much. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';
import { openTypedConfig } from './decode/typed-config.ts';

export interface OverloadManager {
  /** How often monitors are asked, in ms. Default 1 000, as Envoy. */
  readonly refreshIntervalMs: number;
  readonly monitors: readonly ResourceMonitor[];
  readonly actions: readonly OverloadAction[];
  readonly loadShedPoints: readonly LoadShedPoint[];
  /** Connections of clients at once; undefined sets no limit. */
  readonly connectionsMax: number | undefined;
}

/** What gives a pressure from 0 to 1. */
export type ResourceMonitor =
  /** Of the heap and what it holds outside, against so many bytes. */
  | { readonly kind: 'fixed-heap'; readonly name: string; readonly bytesMax: number }
  /** Of the memory of the control group; its own limit, or this one where that is smaller. 0: its own. */
  | { readonly kind: 'cgroup-memory'; readonly name: string; readonly bytesMax: number };

export const overloadActionNames = ['stop_accepting_requests', 'disable_http_keepalive', 'stop_accepting_connections', 'reject_incoming_connections', 'shrink_heap'] as const;
export type OverloadActionName = (typeof overloadActionNames)[number];

export const loadShedPointNames = ['tcp_listener_accept', 'http_connection_manager_decode_headers'] as const;
export type LoadShedPointName = (typeof loadShedPointNames)[number];

export interface OverloadAction {
  readonly name: OverloadActionName;
  readonly triggers: readonly OverloadTrigger[];
}

export interface LoadShedPoint {
  readonly name: LoadShedPointName;
  readonly triggers: readonly OverloadTrigger[];
}

/** How far an action goes, from 0 to 1, by the pressure of one monitor. A threshold is a scale without a slope. */
export interface OverloadTrigger {
  readonly monitor: string;
  /** Nothing is done up to here… */
  readonly scalingThreshold: number;
  /** … and everything from here on. */
  readonly saturationThreshold: number;
}

const monitorTypes = {
  'envoy.extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig': 'fixed-heap',
  'envoy.extensions.resource_monitors.cgroup_memory.v3.CgroupMemoryConfig': 'cgroup-memory',
  'envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig': 'connections',
} as const;

type MonitorRead = ResourceMonitor | { readonly kind: 'connections'; readonly name: string; readonly connectionsMax: number };

export function readOverloadManager(json: unknown, scope: Scope): OverloadManager | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const read = reader.list('resource_monitors', readMonitor);
  const monitors = read.flatMap((monitor) => (monitor.kind === 'connections' ? [] : [monitor]));
  const known = new Set(monitors.map(({ name }) => name));
  const manager: OverloadManager = {
    refreshIntervalMs: reader.durationMs('refresh_interval', 1_000),
    monitors,
    actions: reader.list('actions', (action, at) => readNamed(action, at, 'envoy.overload_actions.', overloadActionNames, known)),
    loadShedPoints: reader.list('loadshed_points', (point, at) => readNamed(point, at, 'envoy.load_shed_points.', loadShedPointNames, known)),
    connectionsMax: read.flatMap((monitor) => (monitor.kind === 'connections' ? [monitor.connectionsMax] : [])).at(-1),
  };
  reader.ignore(['buffer_factory_config']);
  reader.done();
  return manager;
}

function readMonitor(json: unknown, scope: Scope): MonitorRead | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const name = reader.requiredString('name');
  const monitor = reader.required('typed_config', (config, at) => readMonitorConfig(name, config, at));
  reader.done();
  return monitor;
}

function readMonitorConfig(name: string, json: unknown, scope: Scope): MonitorRead | undefined {
  const typed = openTypedConfig(json, scope);
  if (!typed) return undefined;
  const kind = Object.hasOwn(monitorTypes, typed.typeName) ? monitorTypes[typed.typeName as keyof typeof monitorTypes] : undefined;
  const reader = kind && MessageReader.open(typed.json, typed.scope);
  if (!reader) {
    scope.at('@type').error(`is ${typed.typeName}, which is not known; known are ${Object.keys(monitorTypes).join(', ')}`);
    return undefined;
  }
  const field = { 'fixed-heap': 'max_heap_size_bytes', 'cgroup-memory': 'max_memory_bytes', connections: 'max_active_downstream_connections' }[kind];
  const max = reader.integer(field, { min: kind === 'cgroup-memory' ? 0 : 1 });
  if (max === undefined && kind !== 'cgroup-memory') typed.scope.at(field).error('is required');
  reader.done();
  if (kind === 'connections') return { kind, name, connectionsMax: max ?? Number.POSITIVE_INFINITY };
  return { kind, name, bytesMax: max ?? 0 };
}

function readNamed<Name extends string>(
  json: unknown,
  scope: Scope,
  prefix: string,
  names: readonly Name[],
  monitors: ReadonlySet<string>,
): { readonly name: Name; readonly triggers: readonly OverloadTrigger[] } | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const whole = reader.requiredString('name');
  const triggers = reader.list('triggers', (trigger, at) => readTrigger(trigger, at, monitors));
  reader.refuse(['typed_config']);
  reader.done();
  const name = names.find((candidate) => prefix + candidate === whole);
  if (name === undefined) {
    if (whole !== '') scope.at('name').error(`is ${JSON.stringify(whole)}, must be one of ${names.map((candidate) => prefix + candidate).join(', ')}`);
    return undefined;
  }
  if (triggers.length === 0 && !scope.hasErrors) scope.at('triggers').error('must have at least one trigger');
  return { name, triggers };
}

function readTrigger(json: unknown, scope: Scope, monitors: ReadonlySet<string>): OverloadTrigger | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const monitor = reader.requiredString('name');
  if (monitor !== '' && !monitors.has(monitor)) scope.at('name').error(`is ${JSON.stringify(monitor)}, which is no resource monitor that gives a pressure`);
  const kind = reader.oneof(['threshold', 'scaled'], true);
  const scale = kind && reader.read(kind, kind === 'scaled' ? readScale : readThreshold);
  reader.done();
  return scale && { monitor, ...scale };
}

function readThreshold(json: unknown, scope: Scope): Omit<OverloadTrigger, 'monitor'> | undefined {
  const reader = MessageReader.open(json, scope);
  const value = reader?.number('value', 0, { min: 0, max: 1 }) ?? 0;
  reader?.done();
  return reader && { scalingThreshold: value, saturationThreshold: value };
}

function readScale(json: unknown, scope: Scope): Omit<OverloadTrigger, 'monitor'> | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const scalingThreshold = reader.number('scaling_threshold', 0, { min: 0, max: 1 });
  const saturationThreshold = reader.number('saturation_threshold', 0, { min: 0, max: 1 });
  reader.done();
  if (saturationThreshold <= scalingThreshold) scope.at('saturation_threshold').error(`is ${saturationThreshold}, must be above scaling_threshold`);
  return { scalingThreshold, saturationThreshold };
}
