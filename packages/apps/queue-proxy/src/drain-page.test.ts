/** What a kubelet asks for a container that is to stop, on a simulated network. */
import { Buffer } from 'node:buffer';
import { SimulatedLinks, SimulatedNetwork, SimulatedTime } from '@sluice/kernel/testing';
import { Drainer } from '@sluice/proxy';
import { expect, test } from 'vitest';
import { openDrainPage } from './drain-page.ts';

const host = '10.0.0.5';

async function createPage(isTerminating: boolean) {
  const time = new SimulatedTime();
  const network = new SimulatedNetwork({ links: new SimulatedLinks({ time }) });
  const drainer = new Drainer({ clock: time, timers: time, quietPeriodMs: 5000 });
  await openDrainPage(network.view('sidecar', host), { host, port: 8022 }, { drainer, timers: time, isTerminating: () => isTerminating });
  /** Go's client, as kubelets are. */
  function ask(...pieces: readonly string[]): { answer: string; isOver: boolean; leave(): void } {
    const exchange = { answer: '', isOver: false, leave: () => connection.destroy() };
    const connection = network.view('kubelet', '10.0.0.1').connect({ host, port: 8022 }, {
      onOpen() {
        for (const piece of pieces) connection.write(Buffer.from(piece), 0, piece.length);
      },
      onData: (memory, length) => void (exchange.answer += memory.toString('latin1', 0, length)),
      onDrain() {},
      onEnd: () => void (exchange.isOver = true),
      onClose: () => void (exchange.isOver = true),
    });
    return exchange;
  }
  return { time, drainer, ask };
}

const hook = 'GET /wait-for-drain HTTP/1.1\r\nHost: 10.0.0.5:8022\r\nUser-Agent: kube-lifecycle/1.31\r\nAccept: */*\r\n\r\n';
const done = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n';

test('a hook waits until the pod is drained, whoever else asks', async () => {
  const { time, drainer, ask } = await createPage(true);
  const hooks = [ask(hook), ask(hook.slice(0, 20), hook.slice(20))];
  await time.advanceAsync(4900);
  expect(drainer.isDraining).toBe(true);
  expect(hooks.map(({ answer }) => answer)).toEqual(['', '']);
  await time.advanceAsync(200);
  expect(hooks.map(({ answer, isOver }) => [answer, isOver])).toEqual([[done, true], [done, true]]);
});

test('a hook whose container is only restarted is answered after a second, and the pod goes on', async () => {
  const { time, drainer, ask } = await createPage(false);
  const asked = ask(hook);
  await time.advanceAsync(1100);
  expect([asked.answer, drainer.isDraining]).toEqual([done, false]);
});

test('a hook that gives up changes nothing, and what is no question of a hook is refused', async () => {
  const { time, drainer, ask } = await createPage(true);
  const impatient = ask(hook);
  await time.advanceAsync(100);
  impatient.leave();
  await time.advanceAsync(10_000);
  expect([impatient.answer, drainer.isDraining]).toEqual(['', true]);
  const others = [ask('GET /other HTTP/1.1\r\nhost: x\r\n\r\n'), ask('no question\r\n\r\n')];
  await time.advanceAsync(100);
  expect(others.map(({ answer }) => answer.slice(9, 12))).toEqual(['404', '400']);
});

test('who says nothing is waited for a minute, and more than enough at once are turned away', async () => {
  const { time, ask } = await createPage(true);
  const silent = Array.from({ length: 64 }, () => ask());
  await time.advanceAsync(100);
  const one = ask(hook);
  await time.advanceAsync(59_000);
  expect([one.isOver, silent.filter(({ isOver }) => isOver).length]).toEqual([true, 0]);
  await time.advanceAsync(1200);
  expect(silent.every(({ isOver }) => isOver)).toBe(true);
  // None of them has said goodbye, and there is room again.
  expect(ask('GET / HTTP/1.1\r\nhost: x\r\n\r\n').isOver).toBe(false);
});
