import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SimulatedTime } from '@sluice/kernel/testing';
import type { Container, Pod } from '@sluice/kubernetes';
import { RecordingKubeletApi } from '../../testing/recording-kubelet-api.ts';
import { PodVolumes } from './pod-volumes.ts';

const access = '/var/run/secrets/kubernetes.io/serviceaccount';

describe('the volumes of a pod', () => {
  let folder = '';
  let api = new RecordingKubeletApi();
  let time = new SimulatedTime();
  let opened: PodVolumes | undefined;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-volumes-'));
    api = new RecordingKubeletApi();
    time = new SimulatedTime();
  });
  afterEach(() => {
    opened?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function volumesOf(spec: object, rootAuthority?: string): PodVolumes {
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'mesh', uid: 'u', labels: { app: 'a' } }, spec: { containers: [], ...spec } } as Pod;
    opened = new PodVolumes({ pod, api, clock: time, timers: time, folder, field: (path) => (path === 'metadata.namespace' ? 'mesh' : undefined), rootAuthority });
    return opened;
  }
  const container = (...mounts: { name: string; mountPath: string; readOnly?: boolean }[]): Container => ({ name: 'c', volumeMounts: mounts });
  /** The time of one look at what volumes come from, and a turn for its work. */
  const look = async () => {
    await time.advance(10_000);
    await new Promise((resolve) => setImmediate(resolve));
  };
  const read = (volume: string, file: string) => readFileSync(join(folder, 'u', volume, file), 'utf8');

  it('hold the keys of Secrets and ConfigMaps as files, all or those that are named', async () => {
    api.secrets.set('tls', { 'tls.crt': 'certificate', 'tls.key': 'key' });
    api.configMaps.set('settings', { a: '1', b: '2' });
    const volumes = volumesOf({ volumes: [{ name: 'cert', secret: { secretName: 'tls', items: [{ key: 'tls.crt', path: 'own/crt' }] } }, { name: 'conf', configMap: { name: 'settings' } }] });
    expect(await volumes.mountsOf(container({ name: 'cert', mountPath: '/etc/cert', readOnly: true }, { name: 'conf', mountPath: '/etc/conf' }))).toEqual([
      { from: join(folder, 'u/cert'), path: '/etc/cert', isReadOnly: true },
      { from: join(folder, 'u/conf'), path: '/etc/conf', isReadOnly: false },
    ]);
    expect([read('cert', 'own/crt'), read('conf', 'a'), read('conf', 'b')]).toEqual(['certificate', '1', '2']);
    expect(() => read('cert', 'tls.key')).toThrow('ENOENT');
  });

  it('wait for what is not there, and name it', async () => {
    const volumes = volumesOf({ volumes: [{ name: 'cert', secret: { secretName: 'tls' } }] });
    await expect(volumes.mountsOf(container())).rejects.toThrow('secret "tls" not found');
    api.secrets.set('tls', { a: 'b' });
    await volumes.mountsOf(container());
    expect(read('cert', 'a')).toBe('b');
  });

  it('do without what is optional, and refuse what they cannot be made of', async () => {
    expect(await volumesOf({ volumes: [{ name: 'cert', secret: { secretName: 'tls', optional: true } }] }).mountsOf(container())).toEqual([]);
    await expect(volumesOf({ volumes: [{ name: 'disk', hostPath: { path: '/' } }] }).mountsOf(container())).rejects.toThrow('mount volume disk: local mode has emptyDir');
  });

  it('follow what they are made of: a reader sees old files or new ones', async () => {
    api.configMaps.set('settings', { a: '1', gone: 'x' });
    await volumesOf({ volumes: [{ name: 'conf', configMap: { name: 'settings' } }] }).mountsOf(container());
    api.configMaps.set('settings', { a: '2', more: 'y' });
    await look();
    expect(read('conf', 'a')).toBe('2');
    expect(read('conf', 'more')).toBe('y');
    expect(() => read('conf', 'gone')).toThrow('ENOENT');
  });

  it('are empty and for everybody to write to, as emptyDir', async () => {
    await volumesOf({ volumes: [{ name: 'scratch', emptyDir: {} }] }).mountsOf(container());
    expect(statSync(join(folder, 'u/scratch')).mode & 0o777).toBe(0o777);
  });

  describe('of a pod that may speak to the API server', () => {
    it('give each container its token, the authority and its namespace', async () => {
      api.serviceAccounts.set('robot', {});
      expect(await volumesOf({ serviceAccountName: 'robot' }, 'authority').mountsOf(container())).toEqual([{ from: join(folder, 'u/kube-api-access'), path: access, isReadOnly: true }]);
      expect(['token', 'ca.crt', 'namespace'].map((file) => read('kube-api-access', file))).toEqual(['token 1', 'authority', 'mesh']);
      expect(api.tokens).toEqual(['mesh/robot']);
    });

    it('make the token anew when most of its life is over, and not before', async () => {
      api.serviceAccounts.set('robot', {});
      await volumesOf({ serviceAccountName: 'robot' }, 'authority').mountsOf(container());
      // An hour and seven seconds, of which four fifths: 2885.6 s.
      for (let looks = 0; looks < 288; looks += 1) await look();
      expect(read('kube-api-access', 'token')).toBe('token 1');
      await look();
      expect(read('kube-api-access', 'token')).toBe('token 2');
    });

    it.each([
      ['the pod says so', { automountServiceAccountToken: false }, {}],
      ['its account says so', {}, { automountServiceAccountToken: false }],
    ])('give none where %s', async (_name, spec, account) => {
      api.serviceAccounts.set('robot', account);
      expect(await volumesOf({ serviceAccountName: 'robot', ...spec }, 'authority').mountsOf(container())).toEqual([]);
    });

    it('give none to a container that has something else in that place, and do give one where the pod outvotes its account', async () => {
      api.serviceAccounts.set('robot', { automountServiceAccountToken: false });
      const volumes = volumesOf({ serviceAccountName: 'robot', automountServiceAccountToken: true, volumes: [{ name: 'nothing', emptyDir: {} }] }, 'authority');
      expect(await volumes.mountsOf(container({ name: 'nothing', mountPath: access }))).toEqual([{ from: join(folder, 'u/nothing'), path: access, isReadOnly: false }]);
      expect(await volumes.mountsOf(container())).toHaveLength(1);
    });
  });
});
