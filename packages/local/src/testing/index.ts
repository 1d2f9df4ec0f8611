export { FakeNetworkIsolation } from './fake-network-isolation.ts';
export { FakePortAllocator } from './fake-port-allocator.ts';
export {
  FakeProcessRunner,
  type FakeProcess,
  type FakeProcessContext,
  type FakeProcessRunnerOptions,
  type FakeProgram,
} from './fake-process-runner.ts';
export { MemoryLogStore } from './memory-log-store.ts';
export { createNetworkProbeTransport } from './network-probe-transport.ts';
export { RecordingKubeletApi } from './recording-kubelet-api.ts';
export { ScriptedProbeTransport, type AskedProbe } from './scripted-probe-transport.ts';
export { isAlive } from './is-alive.ts';
export { hookConfiguration, startTestWebhook, type HookAnswer, type RawAnswer, type TestWebhook } from './test-webhook.ts';
export { createTestApiServer, type TestAnswer, type TestApiServer, type TestApiServerOptions, type TestWatch } from './test-api-server.ts';
