/** How HTTP/2 connections behave, on either side; a listener or cluster that says nothing has these. */
import { defaultHttp2ProtocolOptions, type Http2ProtocolOptions } from '@sluice/resources';

export type Http2Options = Http2ProtocolOptions;

export const defaultHttp2Options: Http2Options = defaultHttp2ProtocolOptions;
