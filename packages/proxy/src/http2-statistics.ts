/** The numbers of HTTP/2 connections, of all clients' or of one cluster's, under the names of Envoy's codec. */
import type { Http2Counters } from '@sluice/http';
import type { Counter, LabelValues, Meter } from '@sluice/kernel';

export class Http2Statistics implements Http2Counters {
  readonly rxReset: Counter;
  readonly txReset: Counter;
  readonly rxMessagingError: Counter;
  readonly headerOverflow: Counter;
  readonly outboundFlood: Counter;
  readonly outboundControlFlood: Counter;
  readonly inboundEmptyFramesFlood: Counter;
  readonly inboundPriorityFramesFlood: Counter;
  readonly inboundWindowUpdateFramesFlood: Counter;
  readonly keepaliveTimeouts: Counter;
  readonly flushTimeouts: Counter;
  readonly goawaysSent: Counter;
  streamsActive = 0;

  /** @param prefix `envoy_`, or `envoy_cluster_` with the cluster's label */
  constructor(meter: Meter, prefix: string, labels: LabelValues = {}) {
    const counter = (name: string, help: string) => meter.counter(`${prefix}http2_${name}`, help, labels);
    this.rxReset = counter('rx_reset', 'streams that the peer has reset');
    this.txReset = counter('tx_reset', 'streams reset by us');
    this.rxMessagingError = counter('rx_messaging_error', 'messages that break the rules of HTTP');
    this.headerOverflow = counter('header_overflow', 'heads beyond the limits');
    this.outboundFlood = counter('outbound_flood', 'connections ended because too many frames waited for a peer that does not read');
    this.outboundControlFlood = counter('outbound_control_flood', 'the same because of answers to what the peer has sent');
    this.inboundEmptyFramesFlood = counter('inbound_empty_frames_flood', 'connections ended because of empty frames');
    this.inboundPriorityFramesFlood = counter('inbound_priority_frames_flood', 'connections ended because of PRIORITY frames');
    this.inboundWindowUpdateFramesFlood = counter('inbound_window_update_frames_flood', 'connections ended because of WINDOW_UPDATE frames');
    this.keepaliveTimeouts = counter('keepalive_timeout', 'connections ended because a PING was not answered');
    this.flushTimeouts = counter('tx_flush_timeout', 'streams reset because nobody took what was sent');
    this.goawaysSent = counter('goaway_sent', 'connections whose peer was told to open no more streams');
    meter.observedGauge(`${prefix}http2_streams_active`, 'open streams', () => this.streamsActive, labels);
  }
}
