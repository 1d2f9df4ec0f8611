/**
 * Our codec against Buf's: messages on the wire and their JSON, both ways, good ones and such as have been changed in a few
 * places. What one takes and the other does not, and what both take differently, is a finding, but for the differences
 * that are meant.
 */
import { Buffer } from 'node:buffer';
import { isDeepStrictEqual } from 'node:util';
import type { JsonValue as BufJson } from '@bufbuild/protobuf';
import { randomInt, type Random } from '@sluice/kernel';
import { isJsonObject, loadCodec, type Codec, type JsonObject, type JsonValue } from '@sluice/xds';
import type { FuzzInput, FuzzRun, FuzzTarget } from '../fuzz-target.ts';
import { mutateBytes, mutateJson } from './mutate.ts';
import { isFramedOddly } from './odd-framing.ts';
import { ProtobufOracle } from './protobuf-oracle.ts';
import { pick, randomMessage } from './random-json.ts';

export const xdsTarget: FuzzTarget = {
  name: 'xds',
  help: "the codec of xDS beside Buf's: wire and JSON, both ways",
  start: createXdsRun,
};

const messages = [
  'envoy.config.cluster.v3.Cluster',
  'envoy.config.listener.v3.Listener',
  'envoy.config.route.v3.RouteConfiguration',
  'envoy.config.endpoint.v3.ClusterLoadAssignment',
  'envoy.extensions.transport_sockets.tls.v3.Secret',
  'envoy.service.discovery.v3.DiscoveryRequest',
  'envoy.service.discovery.v3.DiscoveryResponse',
  'envoy.service.discovery.v3.DeltaDiscoveryRequest',
  'envoy.service.discovery.v3.DeltaDiscoveryResponse',
  'envoy.service.load_stats.v3.LoadStatsRequest',
  'envoy.service.status.v3.ClientStatusResponse',
  'envoy.config.bootstrap.v3.Bootstrap',
  'sluice.load.v1.StreamLoadResponse',
  'xds.type.v3.TypedStruct',
] as const;

/** What we refuse and others may take. */
const stricter = /index out of range|message ends at byte|beyond the (end|one around)|half a character|is "?(0x| )|has the number 0|invalid wire type|in an Any: its JSON|more than 32 bits|nested more than|which is not known here|only one .* may be set|given twice/;
/** Numbers with a point or an exponent, as text: proto3 has them read, and Buf's implementation leaves them out for 64 bits. */
const laxer = /expected bigint/;
/** What JSON has no word for: others refuse to write it, and we write what there is. */
const wordless = /Invalid count value|cannot encode|cannot decode|google\.protobuf\.(Any|Duration|Timestamp|FieldMask|Value|Struct)/;

export async function createXdsRun(): Promise<FuzzRun> {
  const codec = await loadCodec('admin');
  const oracle = await ProtobufOracle.load('admin');
  const judge = ({ kind, bytes }: FuzzInput): string | undefined => {
    const [form, name = ''] = kind.split(' ');
    return form === 'wire' ? judgeWire(name, bytes, codec, oracle) : judgeJson(name, bytes, codec, oracle);
  };
  return {
    judge,
    next(random) {
      const name = pick(messages, random);
      const json = randomMessage(oracle.message(name), random, (other) => oracle.message(other)) as JsonObject;
      const isWire = randomInt(random, 2) === 0;
      const bytes = isWire ? drawWire(name, json, random, codec) : Buffer.from(JSON.stringify(randomInt(random, 3) === 0 ? json : mutateJson(json, random)));
      const kind = `${isWire ? 'wire' : 'json'} ${name}`;
      const isAccepted = isWire ? codec.decode(name, bytes).ok : codec.encode(name, JSON.parse(bytes.toString()) as JsonObject).ok;
      return { kind, bytes, finding: judge({ kind, bytes }), isAccepted };
    },
  };
}

function drawWire(name: string, json: JsonObject, random: Random, codec: Codec): Buffer {
  const encoded = codec.encode(name, json);
  const bytes = Buffer.from(encoded.ok ? encoded.value : []);
  return randomInt(random, 3) === 0 ? bytes : mutateBytes(bytes, random);
}

function judgeWire(name: string, bytes: Buffer, codec: Codec, oracle: ProtobufOracle): string | undefined {
  if (isFramedOddly(oracle.message(name), bytes, (other) => oracle.find(other))) return undefined;
  const ours = codec.decode(name, bytes);
  const rewritten = oracle.rewrite(name, bytes);
  if (!ours.ok) {
    const reason = ours.problems.map(({ message }) => message).join('; ');
    // What comes twice we read twice, and others only the one that counts.
    const theirs = oracle.decode(name, bytes);
    if (!theirs.ok || stricter.test(reason) || (/is not UTF-8/.test(reason) && rewritten.ok && codec.decode(name, rewritten.value).ok)) return undefined;
    return `we refuse what they take: ${reason} "${bytes.toString('hex')}`;
  }
  if (!rewritten.ok) return `we take what they refuse: ${rewritten.reason} "${bytes.toString('hex')}`;
  const theirs = oracle.decode(name, bytes);
  const { value } = ours.value;
  const apart = theirs.ok ? difference(value, theirs.value) : undefined;
  if (apart !== undefined) return `read differently at ${apart}`;
  if (!theirs.ok && !wordless.test(theirs.reason)) return `we have JSON for what they have not: ${theirs.reason} "${bytes.toString('hex')}`;
  // What JSON has words for must come back through JSON.
  if (!theirs.ok) return undefined;
  const again = codec.encode(name, value);
  if (!again.ok) return `what we read we do not write: ${again.problems.map(({ path, message }) => `${path} ${message}`).join('; ')}`;
  const back = codec.decode(name, again.value);
  if (!back.ok || !isDeepStrictEqual(back.value.value, value)) return `what we write comes back otherwise: "${JSON.stringify(value)}`;
  return undefined;
}

function judgeJson(name: string, text: Buffer, codec: Codec, oracle: ProtobufOracle): string | undefined {
  let json: JsonValue;
  try {
    json = JSON.parse(text.toString()) as JsonValue;
  } catch {
    return undefined;
  }
  if (!isJsonObject(json)) return undefined;
  const ours = codec.encode(name, json);
  const theirs = oracle.encode(name, json as BufJson);
  if (!ours.ok) {
    const reason = ours.problems.map(({ path, message }) => `${path} ${message}`).join('; ');
    return theirs.ok && !stricter.test(reason) ? `we refuse what they take: ${reason.replace(/is "/g, 'is ')} "${text.toString()}` : undefined;
  }
  if (!theirs.ok && laxer.test(theirs.reason)) return undefined;
  if (!theirs.ok) return `we take what they refuse: ${theirs.reason.replaceAll('"', '')} "${text.toString()}`;
  const [read, other] = [oracle.decode(name, ours.value), oracle.decode(name, theirs.value)];
  if (read.ok !== other.ok) return `one of both is unreadable: "${text.toString()}`;
  if (read.ok && other.ok && !isDeepStrictEqual(read.value, other.value)) return `written differently: "${JSON.stringify(read.value)} ${JSON.stringify(other.value)}`;
  return undefined;
}

/**
 * Where two readings differ, and how; undefined when they do not. 64 bits are numbers with us where a number holds them, and
 * 32-bit floats have as few digits as they need.
 */
function difference(ours: JsonValue | undefined, theirs: BufJson | undefined, path = ''): string | undefined {
  if (Array.isArray(ours) && Array.isArray(theirs) && ours.length === theirs.length) {
    return first(ours.map((one: JsonValue, index) => difference(one, theirs[index], `${path}[${index}]`)));
  }
  if (isJsonObject(ours) && typeof theirs === 'object' && theirs !== null && !Array.isArray(theirs)) {
    const keys = [...new Set([...Object.keys(ours), ...Object.keys(theirs)])];
    const own = <T>(object: Readonly<Record<string, T>>, key: string): T | undefined => (Object.hasOwn(object, key) ? object[key] : undefined);
    return first(keys.map((key) => difference(own(ours, key), own(theirs, key), `${path}.${key}`)));
  }
  if (Object.is(ours, theirs)) return undefined;
  // Bytes of no type, which they pass over and we keep.
  if (/@(type|bytes)$/.test(path) && theirs === undefined) return undefined;
  if (typeof ours === 'number' && (typeof theirs === 'string' ? String(ours) === theirs : Math.fround(ours) === theirs)) return undefined;
  return `${path}: "${JSON.stringify(ours)} and ${JSON.stringify(theirs)}`;
}

function first(differences: readonly (string | undefined)[]): string | undefined {
  return differences.find((one) => one !== undefined);
}
