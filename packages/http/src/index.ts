export { HeaderBlock, createHeaderLine, type HeaderLine } from './header-block.ts';
export { Known, knownBit } from './known-headers.ts';
export { RequestHead, ResponseHead, Trailers, type BodyFraming } from './message-head.ts';
export { isFieldName, isFieldValue, isOriginForm } from './characters.ts';
export { defaultHeadLimits, incomplete, refused, type HeadFault, type HeadLimits } from './head-reader.ts';
export { isAuthority, RequestReader } from './request-reader.ts';
export { ResponseReader } from './response-reader.ts';
export { BodyReader, type BodyEvent, type BodyFault } from './body-reader.ts';
export {
  chunkFramingBytesMax,
  requestHeadBytesMax,
  responseHeadBytesMax,
  writeChunkSize,
  writeLastChunk,
  writeRequestHead,
  writeProperCase,
  writeResponseHead,
} from './head-writer.ts';
export { reasonPhrase } from './status.ts';
export { mergeSlashes, normalizePath, unescapeSlashes } from './path.ts';
export {
  clientPreface,
  ErrorCode,
  Http2Connection,
  Http2Stream,
  type FrameOutput,
  type HeadVerdict,
  type Http2ConnectionEvents,
  type Http2Counters,
  type Http2Limits,
  type Http2Role,
  type Http2StreamEvents,
  type ResetCause,
} from './http2/index.ts';
export {
  acceptOf,
  CloseCode,
  closePayload,
  createWebSocketKey,
  findUpgradeFault,
  FrameReader,
  isUpgradeAccepted,
  Opcode,
  writeFrame,
  writeUpgradeRequest,
  writeUpgradeResponse,
  type FrameEvents,
  type FrameFault,
} from './websocket/index.ts';
