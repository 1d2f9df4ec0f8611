export { answerWith, closes, createAnsweringUpstream, resets, saysNothing, type AnsweringUpstream, type UpstreamAnswer } from './answering-upstream.ts';
export { compileRouteTable } from '../router/compile-route-table.ts';
export { noRegexEngine } from '../router/regex-engine.ts';
export { createTestStream, TestStream, type TestRequest } from './test-stream.ts';
export { createTestCluster, createTestConfig, createTestManager, createTestRoute, routeEverything, type TestConfig } from './test-config.ts';
export { connectRaw, RawPeer, startRawUpstream, type RawUpstream } from './raw-peer.ts';
export { startFilterProxy, unchunk, type FilterFixture, type FilterFixtureOptions, type FixtureRequest, type FixtureResponse } from './filter-fixture.ts';
export { startBootstrap, type BootstrapFixture, type BootstrapFixtureOptions } from './bootstrap-fixture.ts';
export { startTestProxy, type FixtureOptions, type ProxyFixture } from './proxy-fixture.ts';
export { openTestClient, startTestUpstream, type TestAnswer, type TestClient, type TestExchange, type TestHandler, type TestProtocol, type TestUpstream } from './http-peers.ts';
export { beginHttp2, encodeFields, Flag, frame, FrameType, headersFrame, http2PrefaceText, readFrame, readFrameWhere, readRefusal, requestHeaders, resetFrame, windowUpdate, type Frame } from './http2-frames.ts';
export { startGrpcService, type GrpcAnswer, type GrpcQuestion } from './grpc-peers.ts';

/** Makes certificates. Loaded on demand: the library behind it takes a while. */
export async function createTestAuthority() {
  const { TestAuthority } = await import('./certificates.ts');
  return TestAuthority.create();
}
