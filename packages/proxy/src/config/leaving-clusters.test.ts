import { expect, test } from 'vitest';
import { LeavingClusters } from './leaving-clusters.ts';

function routesTo(cluster: string): ReadonlySet<string> {
  return new Set([cluster]);
}

test('a cluster that routes lead to stays, with its endpoints, until none does', () => {
  const leaving = new LeavingClusters();
  expect(leaving.keep('a', 'a-endpoints', routesTo('a'))).toBe(true);
  expect(leaving.hasEndpoints('a-endpoints')).toBe(true);
  expect(leaving.release(routesTo('a'))).toEqual([]);
  expect(leaving.release(routesTo('b'))).toEqual([{ cluster: 'a', endpointName: 'a-endpoints' }]);
  expect(leaving.hasEndpoints('a-endpoints')).toBe(false);
  expect(leaving.release(routesTo('b'))).toEqual([]);
});

test('a cluster that nothing leads to goes at once', () => {
  expect(new LeavingClusters().keep('a', 'a', routesTo('b'))).toBe(false);
});

test('a cluster that comes back stays', () => {
  const leaving = new LeavingClusters();
  leaving.keep('a', 'a', routesTo('a'));
  leaving.revive('a');
  expect(leaving.release(routesTo('b'))).toEqual([]);
});
