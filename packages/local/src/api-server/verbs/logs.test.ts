import { describe, expect, it } from 'vitest';
import { createTestApiServer, type TestApiServer } from '../../testing/test-api-server.ts';
import type { PodLogsAnswer, PodLogsRequest } from '../pod-logs.ts';
import { TextQueue } from './text-queue.ts';

const PODS = '/api/v1/namespaces/default/pods';

async function withPod(answer: PodLogsAnswer): Promise<{ api: TestApiServer; asked: PodLogsRequest[] }> {
  const api = createTestApiServer();
  const asked: PodLogsRequest[] = [];
  api.server.setPodLogs({
    async read(request) {
      asked.push(request);
      return answer;
    },
  });
  const containers = [{ name: 'app', image: 'a' }, { name: 'queue-proxy', image: 'q' }];
  await api.send('POST', PODS, { metadata: { name: 'p' }, spec: { nodeName: 'n', containers } });
  await api.send('POST', PODS, { metadata: { name: 'single' }, spec: { nodeName: 'n', containers: [{ name: 'only', image: 'a' }] } });
  return { api, asked };
}

describe('the logs of a pod', () => {
  it('come from the kubelet, as asked for', async () => {
    const { api, asked } = await withPod({ kind: 'text', text: 'hello\n' });
    const answer = await api.send('GET', `${PODS}/p/log?container=app&tailLines=5&previous=true&timestamps=true&sinceSeconds=10&limitBytes=99`);
    expect([answer.status, answer.text, answer.headers['content-type']]).toEqual([200, 'hello\n', 'text/plain; charset=utf-8']);
    expect(asked).toEqual([
      {
        namespace: 'default',
        pod: 'p',
        podUid: expect.any(String),
        container: 'app',
        follow: false,
        previous: true,
        timestamps: true,
        tailLines: 5,
        limitBytes: 99,
        sinceMs: Date.UTC(2026, 0, 1) - 10_000,
      },
    ]);
  });

  it('need no name where there is one container', async () => {
    const { api, asked } = await withPod({ kind: 'text', text: '' });
    await api.send('GET', `${PODS}/single/log`);
    expect(asked[0]?.container).toBe('only');
  });

  it.each([
    ['p/log', 'a container name must be specified for pod p, choose one of: [app queue-proxy]'],
    ['p/log?container=nobody', 'container nobody is not valid for pod p'],
  ])('of an unclear container are refused: %s', async (path, message) => {
    const { api } = await withPod({ kind: 'text', text: '' });
    const answer = await api.send('GET', `${PODS}/${path}`);
    expect([answer.status, answer.json['message']]).toEqual([400, message]);
  });

  it('that cannot be had say why', async () => {
    const { api } = await withPod({ kind: 'problem', message: 'container "app" in pod "p" is waiting to start: ContainerCreating' });
    const answer = await api.send('GET', `${PODS}/p/log?container=app`);
    expect([answer.status, answer.json['message']]).toEqual([400, 'container "app" in pod "p" is waiting to start: ContainerCreating']);
  });

  it('can be followed', async () => {
    const queue = new TextQueue();
    const { api } = await withPod({ kind: 'stream', stream: queue });
    const answer = await api.server.handle({ method: 'GET', path: `${PODS}/single/log?follow=true` });
    if (answer.body.kind !== 'stream') throw new Error('not a stream');
    const heard: string[] = [];
    answer.body.stream.listen({ onText: (text) => heard.push(text), onEnd: () => heard.push('<end>') });
    queue.push('a\n');
    queue.push('b\n');
    await api.time.advanceAsync(0);
    queue.end();
    await api.time.advanceAsync(0);
    expect(heard).toEqual(['a\nb\n', '<end>']);
  });
});
