import { describe, expect, it } from 'vitest';
import type { KubeletContainer } from '../objects/pod-facts.ts';
import { buildEnvironment, type EnvironmentSources } from './environment.ts';
import { expandVariables } from './variable-expansion.ts';

function environmentOf(container: Partial<KubeletContainer>, sources: Partial<EnvironmentSources> = {}) {
  return buildEnvironment(
    { name: 'app', ...container },
    {
      pod: {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'hello', namespace: 'shop', uid: 'u-1', labels: { app: 'hello' }, annotations: { 'a/b': 'c' } },
        spec: { nodeName: 'local', containers: [] },
      },
      podIp: '127.1.0.2',
      hostIp: '127.0.0.1',
      configMap: (name) => (name === 'words' ? { greeting: 'hello', farewell: 'bye' } : undefined),
      secret: (name) => (name === 'keys' ? { token: 's3cret' } : undefined),
      base: { PATH: '/bin' },
      rewrite: (_name, value) => value,
      ...sources,
    },
  );
}

describe('a container environment', () => {
  it('takes values from the pod itself', () => {
    const fields = {
      NAME: 'metadata.name',
      SPACE: 'metadata.namespace',
      UID: 'metadata.uid',
      LABEL: "metadata.labels['app']",
      NOTE: "metadata.annotations['a/b']",
      NONE: "metadata.labels['absent']",
      IP: 'status.podIP',
      HOST: 'status.hostIP',
      NODE: 'spec.nodeName',
    };
    const env = Object.entries(fields).map(([name, fieldPath]) => ({ name, valueFrom: { fieldRef: { fieldPath } } }));
    expect(environmentOf({ env })).toEqual({
      kind: 'complete',
      env: {
        PATH: '/bin',
        NAME: 'hello',
        SPACE: 'shop',
        UID: 'u-1',
        LABEL: 'hello',
        NOTE: 'c',
        NONE: '',
        IP: '127.1.0.2',
        HOST: '127.0.0.1',
        NODE: 'local',
      },
    });
  });

  it('lets later variables win and refer to earlier ones', () => {
    const envFrom = [{ prefix: 'W_', configMapRef: { name: 'words' } }, { secretRef: { name: 'keys' } }];
    const env = [
      { name: 'token', value: 'mine' },
      { name: 'LINE', value: '$(W_greeting) $(token) $(LATER) $$(token)' },
      { name: 'LATER', value: 'x' },
      { name: 'KEYED', valueFrom: { configMapKeyRef: { name: 'words', key: 'farewell' } } },
    ];
    expect(environmentOf({ envFrom, env })).toMatchObject({
      env: { W_greeting: 'hello', W_farewell: 'bye', token: 'mine', LINE: 'hello mine $(LATER) $(token)', KEYED: 'bye' },
    });
  });

  it('says what is missing, and goes without where that is allowed', () => {
    const from = (name: string, key: string, optional?: boolean) => [
      { name: 'X', valueFrom: { secretKeyRef: { name, key, ...(optional === undefined ? {} : { optional }) } } },
    ];
    expect(environmentOf({ env: from('none', 'k') })).toEqual({ kind: 'missing', message: 'secret "none" not found' });
    expect(environmentOf({ env: from('keys', 'k') })).toEqual({ kind: 'missing', message: `couldn't find key k in secret "keys"` });
    expect(environmentOf({ env: from('none', 'k', true) })).toEqual({ kind: 'complete', env: { PATH: '/bin' } });
    expect(environmentOf({ envFrom: [{ configMapRef: { name: 'none' } }] })).toEqual({ kind: 'missing', message: 'configmap "none" not found' });
    expect(environmentOf({ env: [{ name: 'X', valueFrom: { fieldRef: { fieldPath: 'spec.whatever' } } }] })).toEqual({
      kind: 'missing',
      message: 'variable X: local mode has no field spec.whatever',
    });
  });
});

describe('references to variables', () => {
  const expand = (text: string) => expandVariables(text, (name) => ({ A: '1', B: '$(A)' })[name]);

  it('are replaced once; unknown and unfinished ones stay', () => {
    expect(expand('$(A)-$(B)-$(C)-$(A')).toBe('1-$(A)-$(C)-$(A');
  });

  it('are kept as text by a second dollar sign', () => {
    expect(expand('$$(A) $$$(A) $A')).toBe('$(A) $1 $A');
  });
});
