import { describe, expect, it } from 'vitest';
import { parseTarget, type ResourceTarget } from './target.ts';

function summary(path: string): unknown {
  const target = parseTarget(path);
  if (target.kind === 'path') return target.path;
  const { group, version, plural, namespace, name, subresource } = target satisfies ResourceTarget;
  return [group, version, plural, namespace, name, subresource];
}

describe('a path', () => {
  it.each([
    ['/healthz?verbose', '/healthz'],
    ['/api', '/api'],
    ['/apis/apps/v1', '/apis/apps/v1'],
    ['/api/v1/pods', ['', 'v1', 'pods', undefined, undefined, '']],
    ['/api/v1/namespaces/a/pods', ['', 'v1', 'pods', 'a', undefined, '']],
    ['/api/v1/namespaces/a/pods/p', ['', 'v1', 'pods', 'a', 'p', '']],
    ['/api/v1/namespaces/a/pods/p/log', ['', 'v1', 'pods', 'a', 'p', 'log']],
    ['/apis/apps/v1/namespaces/a/deployments/d/scale', ['apps', 'v1', 'deployments', 'a', 'd', 'scale']],
    ['/api/v1/namespaces', ['', 'v1', 'namespaces', undefined, undefined, '']],
    ['/api/v1/namespaces/a', ['', 'v1', 'namespaces', undefined, 'a', '']],
    ['/api/v1/namespaces/a/status', ['', 'v1', 'namespaces', undefined, 'a', 'status']],
    ['/apis/x.io/v1/clusterthings/c/status', ['x.io', 'v1', 'clusterthings', undefined, 'c', 'status']],
    ['/api/v1/nodes/a%2Fb', ['', 'v1', 'nodes', undefined, 'a/b', '']],
    ['/api/v1/nodes/%zz', ['', 'v1', 'nodes', undefined, '%zz', '']],
  ])('%s', (path, expected) => expect(summary(path)).toEqual(expected));

  it('of the old watching form asks to watch', () => {
    const target = parseTarget('/api/v1/watch/namespaces/a/pods?timeoutSeconds=1');
    expect([target.query.get('watch'), target.query.get('timeoutSeconds')]).toEqual(['true', '1']);
    expect(summary('/api/v1/watch/namespaces/a/pods')).toEqual(['', 'v1', 'pods', 'a', undefined, '']);
  });
});
