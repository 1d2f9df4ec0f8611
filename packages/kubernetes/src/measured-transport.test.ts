import { createMeter } from '@sluice/kernel';
import { SimulatedTime } from '@sluice/kernel/testing';
import { expect, test } from 'vitest';
import { measureTransport } from './measured-transport.ts';
import type { ApiRequest, ApiResponse } from './transport.ts';

const get = (path: string, signal?: AbortSignal): ApiRequest => ({ method: 'GET', path, headers: {}, ...(signal ? { signal } : {}) });

/** Answers after so long with this status, or not at all. */
function createMeasured(answerAfterMs: number, status: number | undefined, server = 'https://10.0.0.1:6443') {
  const time = new SimulatedTime();
  const meter = createMeter();
  const transport = {
    send: () =>
      new Promise<ApiResponse>((resolve, reject) => {
        time.after(answerAfterMs, () => {
          if (status === undefined) reject(new Error('unreachable'));
          else resolve({ status, headers: {}, body: (async function* () {})() });
        });
      }),
  };
  const measured = measureTransport({ transport, server, clock: time, meter });
  const samples = (name: string) => meter.collect().find((family) => family.name === name)?.samples;
  return { time, measured, samples };
}

const target = { server_address: '10.0.0.1', server_port: '6443', url_scheme: 'https', http_request_method: 'GET' };

test('requests are timed until the head of their answer, and answers counted by code', async () => {
  const { time, measured, samples } = createMeasured(30, 404);
  const answer = measured.send(get('/api/v1/pods'));
  await time.advanceAsync(100);
  expect((await answer).status).toBe(404);
  expect(samples('http_client_request_duration_seconds')).toMatchObject([{ labels: { ...target, http_response_status_code: '404' }, count: 1, value: 0.03 }]);
  expect(samples('kn_k8s_client_http_response_status_code_total')).toEqual([
    { labels: { server_address: '10.0.0.1', http_request_method: 'GET', http_response_status_code: '404' }, value: 1 },
  ]);
});

test('a request without an answer is an error, unless its sender gave it up', async () => {
  const { time, measured, samples } = createMeasured(30, undefined);
  const lost = measured.send(get('/'));
  const givenUp = measured.send(get('/', AbortSignal.abort()));
  const outcomes = Promise.allSettled([lost, givenUp]);
  await time.advanceAsync(100);
  expect((await outcomes).map((outcome) => outcome.status)).toEqual(['rejected', 'rejected']);
  expect(samples('http_client_request_duration_seconds')).toMatchObject([{ labels: { ...target, error_type: '_OTHER' }, count: 1 }]);
  expect(samples('kn_k8s_client_http_response_status_code_total')).toBeUndefined();
});

test('a server without a port has the one of its scheme', async () => {
  const { time, measured, samples } = createMeasured(0, 200, 'https://[fd00::1]');
  void measured.send(get('/'));
  await time.advanceAsync(1);
  expect(samples('http_client_request_duration_seconds')?.[0]?.labels).toMatchObject({ server_address: 'fd00::1', server_port: '443' });
});
