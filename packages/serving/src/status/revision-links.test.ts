/** What of the cluster's configuration shows in a Revision's status. */
import { expect, test } from 'vitest';
import { aRevision } from '../testing/index.ts';
import { revisionStatus, type RevisionFacts } from './revision-status.ts';

const facts: RevisionFacts = {
  revision: aRevision('hello'),
  deployment: undefined,
  podAutoscaler: undefined,
  pods: [],
  now: '2026-01-01T00:00:00Z',
};

test('its logs are where the cluster says, by its uid', () => {
  expect(revisionStatus({ ...facts, logUrlTemplate: 'http://logs/?uid=${REVISION_UID}' }).logUrl).toBe('http://logs/?uid=uid-hello-00001');
  expect(revisionStatus({ ...facts, logUrlTemplate: '' })).not.toHaveProperty('logUrl');
});

test('a pod that finds no place is a failure, unless nodes come when they are needed', () => {
  const waiting: RevisionFacts = {
    ...facts,
    deployment: { spec: { replicas: 1 } },
    pods: [{ metadata: { name: 'p' }, status: { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: 'no node' }] } }],
  };
  const resources = (given: RevisionFacts) => revisionStatus(given).conditions?.find(({ type }) => type === 'ResourcesAvailable');
  expect(resources(waiting)).toMatchObject({ status: 'False', reason: 'Unschedulable' });
  expect(resources({ ...waiting, podIsAlwaysSchedulable: true })).toMatchObject({ status: 'Unknown' });
});
