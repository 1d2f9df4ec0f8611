import { expect, test } from 'vitest';
import { createTestConfig } from '../testing/index.ts';
import { WorkerShare } from './worker-share.ts';

const config = createTestConfig({
  upstreams: [{ host: '127.0.0.1', port: 1 }],
  connectionsMax: 10,
  cluster: { connectionsMax: 1024, pendingRequestsMax: 1, requestsMax: 4_294_967_295 },
});

test('limits are divided, rounded up; no limit stays none', () => {
  const share = new WorkerShare(4).of(config, { '0 main': 8080 });
  expect(share.listeners.get('main')).toMatchObject({ connectionsMax: 3, reusePort: true, address: { host: '127.0.0.1', port: 8080 } });
  expect(share.clusters.get('backend')).toMatchObject({ connectionsMax: 256, pendingRequestsMax: 1, requestsMax: 4_294_967_295 });
});

test('what is unchanged keeps its identity, so that nothing drains', () => {
  const share = new WorkerShare(2);
  const [first, second] = [share.of(config, {}), share.of({ ...config, version: '2' }, {})];
  expect([first.listeners.get('main') === second.listeners.get('main'), first.clusters.get('backend') === second.clusters.get('backend')]).toEqual([true, true]);
});
