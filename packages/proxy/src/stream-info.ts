/**
 * The facts of one exchange, gathered as it goes: what the access log, the statistics and the filters read.
 * Plain fields, written by whoever knows; times are monotonic milliseconds, 0 until they happen.
 */
import type { Trailers } from '@sluice/http';
import type { Address, Connection, SpanOrigin } from '@sluice/kernel';
import type { AccessLogType, Metadata, Struct } from '@sluice/resources';
import type { ConnectionInfo } from './downstream/connection-info.ts';
import type { ResponseFlag } from './outcome.ts';

const none: readonly never[] = [];

export class StreamInfo {
  /** Wall time of the first byte of the request, in ms since the epoch. */
  startWallTime = 0;
  /** First byte of the request head. */
  startAt = 0;
  /** The whole request, with its body, has come. */
  requestEndAt = 0;
  /** The request head was given to an upstream connection; of the last attempt. */
  upstreamStartAt = 0;
  /** The response head came. */
  responseStartAt = 0;
  /** The stream ended. */
  endAt = 0;
  /** Bytes of bodies, without framing. */
  bytesReceived = 0;
  bytesSent = 0;
  /** Status sent to the client, 0 when none was. */
  status = 0;
  /** Response flags: `''`, `'UF'`, `'UF,URX'`. */
  flags = '';
  /** RESPONSE_CODE_DETAILS. */
  details = '';
  /** `HTTP/1.1`, `HTTP/1.0`, `HTTP/2`. */
  protocol = 'HTTP/1.1';
  /** The peer of the connection; not what a header claims. */
  downstreamRemote: Address;
  /** What is known of the connection besides; undefined where nobody has looked. */
  connection: ConnectionInfo | undefined = undefined;
  /** Of the chain that serves the connection. */
  filterChainName = '';
  /** How the client's connection is protected: `https` over TLS. */
  scheme: 'http' | 'https' = 'http';
  /** Who the client is where headers say more than the connection; its port is 0 then. Undefined: the peer. */
  client: Address | undefined = undefined;
  /** Counts from 1 per process. */
  connectionId = 0;
  routeName = '';
  virtualHostName = '';
  clusterName = '';
  /** `host:port` of the last attempt. */
  upstreamHost = '';
  upstreamLocal: Address | undefined = undefined;
  /** Attempts made, 1 for the first. */
  attempts = 0;
  /** What followed the body of the response; undefined when nothing did. */
  responseTrailers: Trailers | undefined = undefined;
  /** A filter has put them into the body: they are not sent as trailers, too. */
  hasTrailersInBody = false;
  /** Cookies for the client that bring it back to where it was placed: values of `set-cookie`. */
  setCookies: readonly string[] = none;
  /** Dynamic metadata: what filters have found out, by the namespace it stands in. Undefined until somebody writes. */
  dynamicMetadata: Map<string, Struct> | undefined = undefined;
  /** Filter state: texts by key, for other filters and the access log. Undefined until somebody writes. */
  filterState: Map<string, string> | undefined = undefined;
  /** What the resources say of the cluster, and of the host of the last attempt. */
  clusterMetadata: Metadata | undefined = undefined;
  upstreamMetadata: Metadata | undefined = undefined;
  /** In what the host was spoken to: `HTTP/1.1`, `HTTP/2`; empty until a connection was there. */
  upstreamProtocol: 'HTTP/1.1' | 'HTTP/2' | '' = '';
  /** The virtual cluster that the request belongs to; empty for none. */
  virtualClusterName = '';
  /** Why the client's connection was ended, where that was decided here. */
  terminationDetails = '';
  /** Body of a local reply, before its format. */
  localReplyBody = '';
  /** It asks for our health, or passes as if it did. */
  isHealthCheck = false;
  /** The request's `traceparent` is ours: it is, or could have been, part of a trace. */
  hasTrace = false;
  /** For whom its span speaks; undefined when it is not traced here. */
  traceOrigin: SpanOrigin | undefined = undefined;
  /** The occasion of the line being written. */
  logType: AccessLogType = 'DownstreamEnd';
  /** Why connecting failed, in the system's words. */
  upstreamFailure = '';

  readonly #ends: Pick<Connection, 'remote' | 'local'>;

  constructor(ends: Pick<Connection, 'remote' | 'local'>) {
    this.downstreamRemote = ends.remote;
    this.#ends = ends;
  }

  /** Our end of the connection. Looked at when somebody asks, since it takes a system call and hardly anybody does: first while the connection is open. */
  get downstreamLocal(): Address {
    return this.#ends.local;
  }

  /** Adds a response flag; '' adds none. Several stand in Envoy's order, whichever was raised first. */
  raise(flag: ResponseFlag | ''): void {
    if (flag === '') return;
    this.flags = this.flags === '' ? flag : orderFlags(this.flags, flag);
  }

  /** For a copy of the request, whose fate is not this one's. */
  copyForMirror(): StreamInfo {
    const info = new StreamInfo(this.#ends);
    info.startAt = this.startAt;
    info.startWallTime = this.startWallTime;
    info.requestEndAt = this.requestEndAt;
    info.protocol = this.protocol;
    return info;
  }

  /** Adds fields to a namespace of the dynamic metadata; those of the same name are replaced. */
  addMetadata(namespace: string, fields: Struct): void {
    const metadata = (this.dynamicMetadata ??= new Map<string, Struct>());
    metadata.set(namespace, { ...metadata.get(namespace), ...fields });
  }

  setFilterState(key: string, value: string): void {
    (this.filterState ??= new Map<string, string>()).set(key, value);
  }
}

/** Envoy's order. */
const flagOrder: readonly string[] = ['LH', 'UH', 'UT', 'LR', 'UR', 'UF', 'UC', 'UO', 'NR', 'DI', 'FI', 'RL', 'UAEX', 'RLSE', 'DC', 'URX', 'SI', 'IH', 'DPE', 'UMSDR', 'RFCF', 'NFCF', 'DT', 'UPE', 'NC', 'OM'];

function orderFlags(raised: string, flag: string): string {
  const all = raised.split(',');
  if (all.includes(flag)) return raised;
  return [...all, flag].sort((a, b) => flagOrder.indexOf(a) - flagOrder.indexOf(b)).join();
}
