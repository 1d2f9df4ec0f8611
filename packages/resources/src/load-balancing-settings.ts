/** The settings of each load-balancing policy, with Envoy's defaults. They are read off a message that others read, too. */
import { MessageReader } from './decode/message-reader.ts';
import { decodeInteger } from './decode/scalars.ts';
import type { Scope } from './decode/scope.ts';
import type { ConsistentHashing, LoadBalancingPolicy } from './load-balancing.ts';
import { readRuntimeDouble } from './runtime-value.ts';
import { readSlowStart } from './slow-start-config.ts';

export type PolicyKind = LoadBalancingPolicy['kind'];

const ringSizeMax = 8_388_608;
const tableSizeMax = 5_000_011;

/** What a policy is without settings. */
export function settingsOf(kind: PolicyKind): LoadBalancingPolicy {
  switch (kind) {
    case 'ROUND_ROBIN':
      return { kind, slowStart: undefined };
    case 'LEAST_REQUEST':
      return { kind, choiceCount: 2, activeRequestBias: 1, slowStart: undefined };
    case 'RANDOM':
    case 'CLUSTER_PROVIDED':
      return { kind };
    case 'CLIENT_SIDE_WEIGHTED_ROUND_ROBIN':
      return { kind, blackoutMs: 10_000, expirationMs: 180_000, updatePeriodMs: 1000, errorUtilizationPenalty: 1, metricNames: [], slowStart: undefined };
    case 'RING_HASH':
      return { kind, minimumRingSize: 1024, maximumRingSize: ringSizeMax, usesMurmur: false, hashing: undefined };
    case 'MAGLEV':
      return { kind, tableSize: 65_537, hashing: undefined };
  }
}

/** Reads the fields of a policy; `done()` is the caller's. */
export function readSettings(kind: PolicyKind, reader: MessageReader): LoadBalancingPolicy {
  switch (kind) {
    case 'ROUND_ROBIN':
      return readRoundRobin(reader);
    case 'LEAST_REQUEST':
      return readLeastRequest(reader);
    case 'CLIENT_SIDE_WEIGHTED_ROUND_ROBIN':
      return readClientSideWeighted(reader);
    case 'RING_HASH':
      return readRingHash(reader);
    case 'MAGLEV':
      return readMaglev(reader);
    case 'RANDOM':
    case 'CLUSTER_PROVIDED':
      return { kind };
  }
}

function readRoundRobin(reader: MessageReader): LoadBalancingPolicy {
  return { kind: 'ROUND_ROBIN', slowStart: reader.read('slow_start_config', readSlowStart) };
}

function readLeastRequest(reader: MessageReader): LoadBalancingPolicy {
  const choiceCount = reader.uint32('choice_count', 2, { min: 2 });
  const activeRequestBias = reader.read('active_request_bias', readRuntimeDouble) ?? 1;
  if (activeRequestBias < 0) reader.scope.at('active_request_bias').error(`is ${activeRequestBias}, must be at least 0`);
  const slowStart = reader.read('slow_start_config', readSlowStart);
  reader.enum('selection_method', ['N_CHOICES'], 'N_CHOICES');
  reader.ignore(['enable_full_scan']); // never implemented by Envoy
  return { kind: 'LEAST_REQUEST', choiceCount, activeRequestBias, slowStart };
}

function readClientSideWeighted(reader: MessageReader): LoadBalancingPolicy {
  // Ten seconds, as gRPC: https://github.com/grpc/proposal/blob/master/A58-client-side-weighted-round-robin-lb-policy.md
  const periodMs = Math.max(reportPeriodMsMin, reader.durationMs('oob_reporting_period', 10_000));
  return {
    kind: 'CLIENT_SIDE_WEIGHTED_ROUND_ROBIN',
    blackoutMs: reader.durationMs('blackout_period', 10_000),
    expirationMs: reader.durationMs('weight_expiration_period', 180_000),
    updatePeriodMs: Math.max(100, reader.durationMs('weight_update_period', 1000)),
    errorUtilizationPenalty: reader.number('error_utilization_penalty', 1, { min: 0 }),
    metricNames: reader.strings('metric_names_for_computing_utilization'),
    reportPeriodMs: reader.boolean('enable_oob_load_report', false) ? periodMs : undefined,
    slowStart: reader.read('slow_start_config', readSlowStart),
  };
}

/** Chosen: a host that is asked more often than this is busy with reports. */
const reportPeriodMsMin = 100;

function readRingHash(reader: MessageReader): LoadBalancingPolicy {
  const size = (name: string, fallback: number): number =>
    reader.read(name, (value, at) => decodeInteger(value, at, { min: 1, max: ringSizeMax })) ?? fallback;
  const minimumRingSize = size('minimum_ring_size', 1024);
  const maximumRingSize = size('maximum_ring_size', ringSizeMax);
  if (minimumRingSize > maximumRingSize) {
    reader.scope.at('minimum_ring_size').error(`is ${minimumRingSize}, must not be more than maximum_ring_size, which is ${maximumRingSize}`);
  }
  // The extension says DEFAULT_HASH for "the one there is by default".
  const hashFunction = reader.enum('hash_function', ['XX_HASH', 'MURMUR_HASH_2', 'DEFAULT_HASH'], 'XX_HASH');
  const hashing = readHashing(reader);
  return { kind: 'RING_HASH', minimumRingSize, maximumRingSize, usesMurmur: hashFunction === 'MURMUR_HASH_2', hashing };
}

function readMaglev(reader: MessageReader): LoadBalancingPolicy {
  const tableSize = reader.read('table_size', (value, at) => decodeInteger(value, at, { min: 2, max: tableSizeMax })) ?? 65_537;
  if (!isPrime(tableSize)) reader.scope.at('table_size').error(`is ${tableSize}, must be a prime`);
  const hashing = readHashing(reader);
  return { kind: 'MAGLEV', tableSize, hashing };
}

/** Inside an extension these stand in a message of their own, or (deprecated) beside the other settings. */
function readHashing(reader: MessageReader): ConsistentHashing | undefined {
  const own = reader.read('consistent_hashing_lb_config', readConsistentHashing);
  const isBeside = reader.has('use_hostname_for_hashing') || reader.has('hash_balance_factor');
  const beside = readHashingFields(reader);
  return own ?? (isBeside ? beside : undefined);
}

export function readConsistentHashing(json: unknown, scope: Scope): ConsistentHashing | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const hashing = readHashingFields(reader);
  reader.refuse(['hash_policy']);
  reader.done();
  return hashing;
}

function readHashingFields(reader: MessageReader): ConsistentHashing {
  return {
    useHostnameForHashing: reader.boolean('use_hostname_for_hashing', false),
    hashBalanceFactor: reader.uint32('hash_balance_factor', 0, { min: 100 }),
  };
}

function isPrime(number: number): boolean {
  for (let divisor = 2; divisor * divisor <= number; divisor += 1) if (number % divisor === 0) return false;
  return number >= 2;
}
