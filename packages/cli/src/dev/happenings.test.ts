import type { KubernetesObject, Pod } from '@sluice/kubernetes';
import type { Revision, Service } from '@sluice/serving';
import { expect, test } from 'vitest';
import type { Style } from '../terminal/style.ts';
import { ColdStartJoin } from './cold-start.ts';
import { Happenings } from './happenings.ts';
import { Narrator } from './narrator.ts';

const plain: Style = { bold: String, dim: String, good: String, warn: String, bad: String, link: String };

/** What is said, without times and columns. */
function listen() {
  let text = '';
  const narrator = new Narrator({ write: (piece) => (text += piece), style: plain, wallTime: () => 0 });
  const happenings = new Happenings(narrator, new ColdStartJoin());
  return { happenings, said: () => text.split('\n').filter((line) => line !== '').map((line) => line.replace(/^[\d:]+ +/, '').replace(/ {2,}/g, ' ').trim()) };
}

const ready = { type: 'Ready', status: 'True' } as const;

function service(status: Service['status']): { kind: 'added'; object: Service & KubernetesObject } {
  return { kind: 'added', object: { apiVersion: 'serving.knative.dev/v1', kind: 'Service', metadata: { name: 'api', namespace: 'default' }, spec: {}, status } as Service & KubernetesObject };
}

function revision(conditions: readonly { readonly type: string; readonly status: 'True' | 'False' | 'Unknown' }[]) {
  const object = { apiVersion: 'serving.knative.dev/v1', kind: 'Revision', metadata: { name: 'api-1', namespace: 'default' }, spec: {}, status: { conditions } };
  return { kind: 'added' as const, object: object as unknown as Revision & KubernetesObject };
}

function pod(restartCount: number, status: Pod['status'] = {}): { kind: 'added'; object: Pod } {
  const lastState = { terminated: { exitCode: 9, message: 'boom at 10\n' } };
  return {
    kind: 'added',
    object: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'api-1-pod', namespace: 'default', labels: { 'serving.knative.dev/revision': 'api-1' } },
      spec: { containers: [] },
      status: { containerStatuses: [{ name: 'user-container', ready: true, restartCount, lastState }], ...status },
    },
  };
}

test('a service says where its requests go, not which revision is newest', () => {
  const { happenings, said } = listen();
  const traffic = [{ revisionName: 'api-1', percent: 100 }, { revisionName: 'api-2', percent: 0 }];
  happenings.service(service({ conditions: [ready], url: 'http://api', latestReadyRevisionName: 'api-2', traffic }));
  expect(said()).toEqual(['api http://api serves api-1']);
});

test('a program of a ready revision that ends is news, each time once', () => {
  const { happenings, said } = listen();
  happenings.revision(revision([ready]));
  for (const restarts of [0, 1, 1, 2]) happenings.revisionPod(pod(restarts));
  expect(said()).toEqual(['api-1 ended (exit code 9), is started again', 'boom at 10', 'api-1 ended (exit code 9), is started again', 'boom at 10']);
});

test('why a revision never became ready, its conditions say, and not its pods', () => {
  const { happenings, said } = listen();
  happenings.revision(revision([{ type: 'Ready', status: 'Unknown' }]));
  for (const restarts of [0, 1]) happenings.revisionPod(pod(restarts));
  expect(said()).toEqual([]);
});

test('a pod that cannot have its port is told once, however many there are', () => {
  const { happenings, said } = listen();
  happenings.revision(revision([ready]));
  const conditions = [{ type: 'local.sluice.dev/ListensOnPort', status: 'False', reason: 'PortTaken', message: 'it can run as one pod' } as const];
  for (let count = 0; count < 3; count += 1) happenings.revisionPod(pod(0, { conditions }));
  expect(said()).toEqual(['api-1 PortTaken: it can run as one pod']);
});
