import { describe, expect, it } from 'vitest';
import type { Container, Pod } from '@sluice/kubernetes';
import { assumedPorts, portsToReplace, resolveActionPort, rewritePortVariable } from './port-plan.ts';
import { judgePorts } from './port-watch.ts';

const app: Container = { name: 'app', env: [{ name: 'PORT', value: '8080' }], ports: [{ name: 'user-port', containerPort: 8080 }] };
const queue: Container = {
  name: 'queue-proxy',
  env: [{ name: 'QUEUE_SERVING_PORT', value: '8012' }],
  ports: [{ name: 'queue-port', containerPort: 8012 }],
};

function pod(spec: Partial<Pod['spec']> = {}): Pod {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: { containers: [app, queue], ...spec } };
}

describe('the ports that are replaced', () => {
  it('are those programs are told, where each pod has an address', () => {
    expect(portsToReplace(pod(), 'address-per-pod')).toEqual([8080]);
  });

  it('are all that are declared, and those queue-proxy assumes, where pods share one', () => {
    expect(portsToReplace(pod(), 'shared-address')).toEqual([8080, 8012, 8022, 9090, 9091]);
  });

  it('are none on the network of the host', () => {
    expect(portsToReplace(pod({ hostNetwork: true }), 'shared-address')).toEqual([]);
  });
});

describe('whoever names a replaced port', () => {
  const plan = new Map([[8080, 20_001], [8022, 20_002]]);

  it('is told the real one in the variables that hold ports, and in no others', () => {
    expect(rewritePortVariable(plan, 'USER_PORT', '8080')).toBe('20001');
    expect(rewritePortVariable(plan, 'QUEUE_SERVING_PORT', '8012')).toBe('8012');
    expect(rewritePortVariable(plan, 'SLUICE_PORT_8080', '8080')).toBe('20001');
    expect(rewritePortVariable(plan, 'SLUICE_PORT_15020', '15020')).toBe('15020');
    expect(rewritePortVariable(plan, 'ANSWER', '8080')).toBe('8080');
  });

  it('is told it inside probes, of which there may be several', () => {
    const probes = '[{"httpGet":{"port":8080,"path":"/a"},"periodSeconds":3},{"grpc":{"port":5000}}]';
    expect(JSON.parse(rewritePortVariable(plan, 'SERVING_READINESS_PROBE', probes))).toEqual([
      { httpGet: { port: 20_001, path: '/a' }, periodSeconds: 3 },
      { grpc: { port: 5000 } },
    ]);
    expect(rewritePortVariable(plan, 'SERVING_READINESS_PROBE', 'not json')).toBe('not json');
  });

  it('is told it where queue-proxy would assume a port', () => {
    expect(assumedPorts(queue, plan)).toEqual([{ name: 'SLUICE_ADMIN_PORT', value: '8022' }]);
    expect(assumedPorts(app, plan)).toEqual([]);
  });

  it('may name it by number or by name', () => {
    expect([8080, '8080', 'user-port', 9000, 'none'].map((port) => resolveActionPort(plan, app, port))).toEqual([
      20_001,
      20_001,
      20_001,
      9000,
      undefined,
    ]);
  });
});

describe('where a program listens', () => {
  it('says whether it does as it was told', () => {
    expect(judgePorts([], 8080, 20_001)).toEqual({ kind: 'unknown' });
    expect(judgePorts([9229, 20_001], 8080, 20_001)).toEqual({ kind: 'obeys' });
    expect(judgePorts([8080], 8080, 20_001)).toEqual({ kind: 'insists' });
    expect(judgePorts([3000, 3001], 8080, 20_001)).toEqual({ kind: 'elsewhere', message: 'listens on 3000, 3001, PORT is 20001' });
  });
});
