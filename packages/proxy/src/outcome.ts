/**
 * How a stream can end: the closed list, and for each end what the client is told, what becomes of its
 * connection, and what the access log and the counters say. Flags and details are Envoy's words
 * (RESPONSE_FLAGS, RESPONSE_CODE_DETAILS), so that its tools and people's habits read them.
 */
import type { ErrorSource, RetrySafety } from '@sluice/kernel';

/** Envoy's response flags that this engine can set. */
export type ResponseFlag =
  | 'UH' | 'UF' | 'UO' | 'UC' | 'UR' | 'LR' | 'UT' | 'URX' | 'NR' | 'NC' | 'DC' | 'DR' | 'DT' | 'SI' | 'DPE' | 'UPE' | 'OM' | 'UMSDR' | 'IH' | 'RL' | 'RLSE' | 'DO' | 'UAEX' | 'DI' | 'FI' | 'LH' | 'NFCF';

export interface Outcome {
  readonly code: OutcomeCode;
  /** Who failed. `local` also for what this proxy decided by itself. */
  readonly source: ErrorSource;
  /** The status of the reply, when nothing has been sent yet. 0 when there is nobody to reply to. */
  readonly status: number;
  /** `grpc-status` in place of it, for a client that speaks gRPC (Envoy's mapping of the HTTP status). */
  readonly grpcStatus: number;
  /** Whether the client's connection must not be used again. */
  readonly closesDownstream: boolean;
  /** Whether another attempt could do harm. */
  readonly retry: RetrySafety;
  readonly flag: ResponseFlag | '';
  readonly details: string;
  /** Text of the reply's body; empty for none. */
  readonly body: string;
  /** What is counted, a name beneath `envoy_http_` or `envoy_cluster_`, empty when only the status class is. */
  readonly counter: string;
}

export type OutcomeCode = keyof typeof table;

type Row = readonly [
  source: ErrorSource,
  status: number,
  closesDownstream: boolean,
  retry: RetrySafety,
  flag: ResponseFlag | '',
  details: string,
  body: string,
  counter: string,
];

const resetReason = (reason: string) => `upstream connect error or disconnect/reset before headers. reset reason: ${reason}`;
const beforeResponse = (reason: string) => `upstream_reset_before_response_started{${reason}}`;

/* oxfmt-ignore: a table reads by its columns */
const table = {
  // Ends in order.
  'completed':                    ['upstream', 200, false, 'never', '', 'via_upstream', '', ''],
  'direct-response':              ['local', 200, false, 'never', '', 'direct_response', '', 'rq_direct_response'],
  'redirected':                   ['local', 301, false, 'never', '', 'direct_response', '', 'rq_redirect'],
  'filter-reply':                 ['local', 200, false, 'never', '', 'filter_reply', '', ''],
  // Nowhere to go.
  'no-route':                     ['local', 404, false, 'never', 'NR', 'route_not_found', '', 'no_route'],
  'no-filter-chain':              ['local', 0, true, 'never', 'NR', 'filter_chain_not_found', '', ''],
  'no-cluster':                   ['local', 503, false, 'never', 'NC', 'cluster_not_found', '', 'no_cluster'],
  'no-healthy-upstream':          ['local', 503, false, 'always-safe', 'UH', 'no_healthy_upstream', 'no healthy upstream', 'upstream_cx_none_healthy'],
  'drop-overload':                ['local', 503, false, 'never', 'DO', 'drop_overload', 'drop overload', ''],
  'upstream-overflow':            ['local', 503, false, 'always-safe', 'UO', beforeResponse('overflow'), resetReason('overflow'), 'upstream_rq_pending_overflow'],
  'overload':                     ['local', 503, false, 'always-safe', 'OM', 'overload', 'envoy overloaded', 'downstream_rq_overload_close'],
  // The upstream failed before it answered.
  'upstream-connect-failure':     ['upstream', 503, false, 'always-safe', 'UF', beforeResponse('connection_failure'), resetReason('connection failure'), 'upstream_cx_connect_fail'],
  'upstream-connect-timeout':     ['upstream', 503, false, 'always-safe', 'UF', beforeResponse('connection_timeout'), resetReason('connection timeout'), 'upstream_cx_connect_timeout'],
  'upstream-closed':              ['upstream', 503, false, 'if-reused-connection', 'UC', beforeResponse('connection_termination'), resetReason('connection termination'), 'upstream_cx_destroy_remote_with_active_rq'],
  'upstream-reset':               ['upstream', 503, false, 'if-reused-connection', 'UC', beforeResponse('connection_termination'), resetReason('connection termination'), 'upstream_cx_destroy_remote_with_active_rq'],
  'upstream-refused-stream':      ['upstream', 503, false, 'always-safe', 'UR', beforeResponse('remote_reset'), resetReason('remote reset'), 'upstream_rq_rx_reset'],
  'upstream-remote-reset':        ['upstream', 503, false, 'never', 'UR', beforeResponse('remote_reset'), resetReason('remote reset'), 'upstream_rq_rx_reset'],
  'upstream-protocol-error':      ['upstream', 502, false, 'never', 'UPE', beforeResponse('protocol_error'), resetReason('protocol error'), 'upstream_cx_protocol_error'],
  'upgrade-refused-token':        ['upstream', 502, false, 'never', 'UPE', beforeResponse('protocol_error'), resetReason('protocol error'), 'upstream_cx_protocol_error'],
  // The upstream failed after its head was passed on.
  'upstream-truncated':           ['upstream', 0, true, 'never', 'UC', 'upstream_reset_after_response_started{connection_termination}', '', 'upstream_rq_rx_reset'],
  'upstream-body-error':          ['upstream', 0, true, 'never', 'UPE', 'upstream_reset_after_response_started{protocol_error}', '', 'upstream_cx_protocol_error'],
  'upstream-reset-in-body':       ['upstream', 0, true, 'never', 'UR', 'upstream_reset_after_response_started{remote_reset}', '', 'upstream_rq_rx_reset'],
  // Too late.
  'upstream-timeout':             ['upstream', 504, false, 'never', 'UT', 'upstream_response_timeout', 'upstream request timeout', 'upstream_rq_timeout'],
  'upstream-per-try-timeout':     ['upstream', 504, false, 'never', 'UT', 'upstream_per_try_timeout', 'upstream request timeout', 'upstream_rq_per_try_timeout'],
  'upstream-per-try-idle-timeout': ['upstream', 504, false, 'never', 'UT', 'upstream_per_try_idle_timeout', 'upstream request timeout', 'upstream_rq_per_try_idle_timeout'],
  'upstream-max-duration':        ['upstream', 504, false, 'never', 'UMSDR', 'upstream_max_stream_duration_reached', 'upstream max stream duration reached', 'upstream_rq_max_duration_reached'],
  'stream-idle-timeout':          ['local', 408, true, 'never', 'SI', 'stream_idle_timeout', 'stream timeout', 'downstream_rq_idle_timeout'],
  'request-timeout':              ['downstream', 408, true, 'never', 'DT', 'request_overall_timeout', 'request timeout', 'downstream_rq_timeout'],
  'request-head-timeout':         ['downstream', 408, true, 'never', 'DT', 'request_header_timeout', 'request header timeout', 'downstream_rq_header_timeout'],
  'max-duration':                 ['local', 504, true, 'never', 'DT', 'max_duration_timeout', 'downstream duration timeout', 'downstream_rq_max_duration_reached'],
  'max-duration-of-request':      ['local', 408, true, 'never', 'DT', 'max_duration_timeout', 'downstream duration timeout', 'downstream_rq_max_duration_reached'],
  'drain-deadline':               ['local', 503, true, 'never', 'LR', 'drain_deadline', 'server is shutting down', 'downstream_rq_drain_close'],
  // The client's fault.
  'bad-request':                  ['downstream', 400, true, 'never', 'DPE', 'http1.codec_error', 'Bad Request', 'downstream_cx_protocol_error'],
  'malformed-request':            ['downstream', 0, true, 'never', 'DPE', 'http2.violation.of.messaging.rule', '', 'downstream_cx_protocol_error'],
  'too-many-fields':              ['downstream', 0, true, 'never', 'DPE', 'http2.too_many_headers', '', 'downstream_rq_too_large'],
  'unsupported-version':          ['downstream', 505, true, 'never', 'DPE', 'low_version', 'HTTP Version Not Supported', 'downstream_cx_protocol_error'],
  'unsupported-coding':           ['downstream', 501, true, 'never', 'DPE', 'http1.invalid_transfer_encoding', 'Not Implemented', 'downstream_cx_protocol_error'],
  'uri-too-long':                 ['downstream', 414, true, 'never', 'DPE', 'http1.uri_too_long', 'URI Too Long', 'downstream_rq_too_large'],
  'head-too-large':               ['downstream', 431, true, 'never', 'DPE', 'http1.headers_too_large', 'Request Header Fields Too Large', 'downstream_rq_too_large'],
  'too-many-headers':             ['downstream', 431, true, 'never', 'DPE', 'http1.too_many_headers', 'Request Header Fields Too Large', 'downstream_rq_too_large'],
  'body-too-large':               ['downstream', 413, true, 'never', '', 'request_payload_too_large', 'Payload Too Large', 'downstream_rq_too_large'],
  'bad-body':                     ['downstream', 400, true, 'never', 'DPE', 'http1.codec_error', 'Bad Request', 'downstream_cx_protocol_error'],
  'version-refused':              ['downstream', 426, true, 'never', 'DPE', 'low_version', '', 'downstream_rq_http1_0'],
  'invalid-demand':               ['downstream', 400, false, 'never', 'IH', 'request_headers_failed_strict_check', '', 'rq_failed_strict_check'],
  'path-rejected':                ['downstream', 400, false, 'never', '', 'path_normalization_failed', '', 'downstream_rq_failed_path_normalization'],
  'upgrade-refused':              ['downstream', 403, false, 'never', '', 'upgrade_failed', '', 'downstream_rq_ws_on_non_ws_route'],
  'expectation-failed':           ['downstream', 417, true, 'never', '', 'expectation_failed', 'Expectation Failed', ''],
  'underscore-refused':           ['downstream', 400, true, 'never', 'DPE', 'http1.unexpected_underscore', 'Bad Request', 'downstream_cx_protocol_error'],
  'unknown-method':               ['downstream', 400, true, 'never', 'DPE', 'http1.codec_error', 'Bad Request', 'downstream_cx_protocol_error'],
  'https-over-plaintext':         ['downstream', 403, true, 'never', 'DPE', 'http1.https_url_on_plaintext_connection', 'Forbidden', 'downstream_cx_protocol_error'],
  'absolute-path-refused':        ['downstream', 404, false, 'never', '', 'absolute_path_rejected', '', 'downstream_rq_non_relative_path'],
  'missing-host':                 ['downstream', 400, false, 'never', '', 'missing_host_header', '', ''],
  'path-redirected':              ['downstream', 307, false, 'never', '', 'path_normalization_failed', '', 'downstream_rq_redirected_with_normalized_path'],
  'client-not-identified':        ['downstream', 403, false, 'never', '', 'rejecting because detection failed', '', 'downstream_rq_rejected_via_ip_detection'],
  // Asked about this hop, not about what lies behind it (Max-Forwards: 0).
  'options-answered':             ['local', 200, false, 'never', '', 'max_forwards_exhausted', '', 'downstream_rq_max_forwards'],
  'trace-refused':                ['local', 405, false, 'never', '', 'max_forwards_exhausted', '', 'downstream_rq_max_forwards'],
  // The client went away.
  'downstream-closed':            ['downstream', 0, true, 'never', 'DC', 'downstream_remote_disconnect', '', 'downstream_cx_destroy_remote_active_rq'],
  'downstream-reset':             ['downstream', 0, true, 'never', 'DR', 'http2.remote_reset', '', 'downstream_rq_rx_reset'],
  // Somebody here asked for it.
  'local-reset':                  ['local', 503, true, 'never', 'LR', beforeResponse('local_reset'), resetReason('local reset'), 'downstream_rq_tx_reset'],
  'internal-error':               ['local', 500, true, 'never', '', 'internal_error', 'internal error', 'internal_error'],
} as const satisfies Record<string, Row>;

/** Ends of deadlines that gRPC itself knows: DEADLINE_EXCEEDED. */
const deadlines: ReadonlySet<string> = new Set(['max-duration', 'max-duration-of-request', 'upstream-max-duration']);

/** Every outcome by its code. */
export const outcomes: Readonly<Record<OutcomeCode, Outcome>> = build();

function build(): Record<OutcomeCode, Outcome> {
  const built: Partial<Record<OutcomeCode, Outcome>> = {};
  for (const [code, row] of Object.entries(table) as [OutcomeCode, Row][]) {
    const [source, status, closesDownstream, retry, flag, details, body, counter] = row;
    built[code] = { code, source, status, grpcStatus: deadlines.has(code) ? 4 : grpcStatusOf(status), closesDownstream, retry, flag, details, body, counter };
  }
  return built as Record<OutcomeCode, Outcome>;
}

/** The gRPC status that stands for an HTTP status in a local reply, as Envoy maps them. */
export function grpcStatusOf(status: number): number {
  switch (status) {
    case 400:
      return 13; // INTERNAL
    case 401:
      return 16; // UNAUTHENTICATED
    case 403:
      return 7; // PERMISSION_DENIED
    case 404:
      return 12; // UNIMPLEMENTED
    case 429:
    case 502:
    case 503:
    case 504:
      return 14; // UNAVAILABLE
    default:
      return 2; // UNKNOWN
  }
}
