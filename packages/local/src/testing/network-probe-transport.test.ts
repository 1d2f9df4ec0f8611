import { describe, expect, it } from 'vitest';
import { SimulatedLinks, SimulatedNetwork, SimulatedTime } from '@sluice/kernel/testing';
import type { ProbeResult } from '../kubelet/probe-transport.ts';
import { createNetworkProbeTransport } from './network-probe-transport.ts';

/** A pod at 10.0.0.2 that answers every request with `answer`, and a transport at 10.0.0.1. */
async function podThatAnswers(answer: string | undefined) {
  const time = new SimulatedTime();
  const network = new SimulatedNetwork({ links: new SimulatedLinks({ time }) });
  const heard: string[] = [];
  await network.view('pod', '10.0.0.2').listen({ host: '10.0.0.2', port: 8012 }, (connection) => {
    connection.handler = {
      onData(memory, length) {
        heard.push(memory.toString('latin1', 0, length));
        if (answer === undefined) return;
        const bytes = Buffer.from(answer);
        connection.write(bytes, 0, bytes.length);
      },
      onDrain() {},
      onEnd() {},
      onClose() {},
    };
  });
  const transport = createNetworkProbeTransport(network.view('kubelet', '10.0.0.1'), time);
  const settleWithin = async (probe: Promise<ProbeResult>) => {
    await time.advanceAsync(2000);
    return probe;
  };
  const get = (port = 8012) =>
    settleWithin(transport.httpGet({ scheme: 'http', host: '10.0.0.2', port, path: '/ready', headers: { 'k-network-probe': 'queue' }, timeoutMs: 1000 }));
  const connect = (port: number) => settleWithin(transport.tcpConnect({ host: '10.0.0.2', port, timeoutMs: 1000 }));
  return { heard, get, connect };
}

describe('probes over a network in memory', () => {
  it('send a whole request and judge the status line', async () => {
    const { heard, get } = await podThatAnswers('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nqueue');
    expect(await get()).toEqual({ kind: 'success' });
    expect(heard.join('')).toBe(
      'GET /ready HTTP/1.1\r\nhost: 10.0.0.2:8012\r\nuser-agent: kube-probe/1.32\r\naccept: */*\r\nconnection: close\r\nk-network-probe: queue\r\n\r\n',
    );
    expect(await (await podThatAnswers('HTTP/1.1 503 Service Unavailable\r\n\r\n')).get()).toEqual({
      kind: 'failure',
      message: 'HTTP probe failed with statuscode: 503',
    });
  });

  it('fail without an answer, and without a listener', async () => {
    const { get, connect } = await podThatAnswers(undefined);
    expect(await get()).toEqual({ kind: 'failure', message: 'no answer within 1000 ms' });
    expect((await get(9)).kind).toBe('failure');
    expect(await connect(8012)).toEqual({ kind: 'success' });
    expect((await connect(9)).kind).toBe('failure');
  });
});
