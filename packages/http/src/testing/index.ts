export { readRequest, readResponse, type ReadMessage } from './read-message.ts';
export * from './http2-bytes.ts';
export { Http2Machine, RecordedStream, testHttp2Limits } from './http2-machine.ts';
