import { describe, expect, it, vi } from 'vitest';
import type { Pod } from '@sluice/kubernetes';
import { FakeNetworkIsolation } from '../../testing/fake-network-isolation.ts';
import { isolationAnnotation } from './isolation-plan.ts';
import type { NetworkIsolation, Sandbox } from './network-isolation.ts';
import { PodIsolation } from './pod-isolation.ts';

const app = { name: 'app', command: ['serve'], env: [{ name: 'PORT', value: '3000' }] };

function isolationOf(isolation: NetworkIsolation, wish?: string) {
  const annotations = wish === undefined ? {} : { [isolationAnnotation]: wish };
  const pod: Pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'default', annotations }, spec: { containers: [app] } };
  const onLost = vi.fn<(container: string, message: string) => void>();
  return { onLost, own: new PodIsolation({ pod, podIp: '127.1.0.2', plan: new Map([[3000, 20_001]]), isolation, onLost }) };
}

describe('the isolation of a pod', () => {
  it('is nothing to be spoken of when nobody asked for it', async () => {
    const { own } = isolationOf(new FakeNetworkIsolation());
    await own.begin();
    expect(own.finding).toBeUndefined();
    expect(own.isolates(app)).toBe(false);
  });

  it('says why there is none, and what to do, and lets the pod run as it would', async () => {
    const { own } = isolationOf(new FakeNetworkIsolation({ kind: 'unsupported', reason: 'the kernel says no', advice: 'ask it nicely' }), 'network');
    await own.begin();
    expect(own.finding).toEqual({
      status: 'False',
      reason: 'NotSupported',
      message: 'runs without a network of its own: the kernel says no; ask it nicely',
    });
    expect(own.isolates(app)).toBe(false);
  });

  it('is a fresh network for each run of a container', async () => {
    const isolation = new FakeNetworkIsolation();
    const { own } = isolationOf(isolation, 'network');
    await own.begin();
    expect(own.isolates(app)).toBe(true);
    expect((await own.renew(app)).wrapper).toEqual(['/bin/enter', '1']);
    expect((await own.renew(app)).wrapper).toEqual(['/bin/enter', '2']);
    expect(isolation.sandboxes.map(({ name, ports }) => ({ name, inside: ports.map(({ inside }) => inside) }))).toEqual([
      { name: 'default/p/app', inside: [3000] },
    ]);
    await own.close();
    expect(isolation.sandboxes).toEqual([]);
  });

  it('tells which container lost its network, but nothing of those that were closed', async () => {
    const isolation = new FakeNetworkIsolation();
    const { own, onLost } = isolationOf(isolation, 'network');
    await own.begin();
    await own.renew(app);
    const [first] = isolation.sandboxes;
    await own.renew(app);
    first?.onLost('too late');
    expect(onLost).not.toHaveBeenCalled();
    isolation.lose(isolation.sandboxes[0] as NonNullable<typeof first>, 'somebody killed it');
    expect(onLost).toHaveBeenCalledExactlyOnceWith('app', 'somebody killed it');
  });

  it('leaves no network that is still being made when the pod ends', async () => {
    const opening = Promise.withResolvers<Sandbox>();
    const close = vi.fn<() => Promise<void>>().mockResolvedValue();
    const open = vi.fn<() => Promise<Sandbox>>().mockReturnValue(opening.promise);
    const slow: NetworkIsolation = { support: () => Promise.resolve({ kind: 'supported' }), open };
    const { own } = isolationOf(slow, 'network');
    await own.begin();
    const renewed = own.renew(app);
    await vi.waitFor(() => expect(open).toHaveBeenCalled());
    const closed = own.close();
    opening.resolve({ wrapper: ['/bin/enter'], close });
    await Promise.all([renewed, closed, own.close()]);
    expect(close).toHaveBeenCalledOnce();
    await expect(own.renew(app)).rejects.toThrow('its pod has ended');
  });
});
