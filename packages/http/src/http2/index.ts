export { ErrorCode } from './error-code.ts';
export { clientPreface } from './frame.ts';
export type { HeadVerdict } from './head-decoder.ts';
export { Http2Connection, type Http2ConnectionEvents, type Http2Role } from './http2-connection.ts';
export type { FrameOutput, Http2Counters, Http2Limits, Http2StreamEvents, ResetCause } from './http2-options.ts';
export { Http2Stream } from './http2-stream.ts';
