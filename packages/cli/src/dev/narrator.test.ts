import { expect, test } from 'vitest';
import type { Style } from '../terminal/style.ts';
import { Narrator } from './narrator.ts';

const plain: Style = { bold: String, dim: String, good: String, warn: String, bad: String, link: String };

function narrate(tell: (narrator: Narrator) => void): string[] {
  let text = '';
  const wallTime = () => new Date(2026, 0, 1, 12, 0, 1).getTime();
  tell(new Narrator({ write: (piece) => (text += piece), style: plain, wallTime }));
  return text.trimEnd().split('\n');
}

test('a scale decision is said with its reason', () => {
  const lines = narrate((narrator) => narrator.scale({ revision: 'default/hello-00001', from: 0, to: 1, reason: 'a request waits' }));
  expect(lines).toEqual(['12:00:01  hello-00001    0 → 1  a request waits']);
});

test('a cold start is said with its phases', () => {
  const lines = narrate((narrator) =>
    narrator.coldStart({ revision: 'shop/cart-00002', totalMs: 182.4, phases: [{ name: 'decide', ms: 4.04 }, { name: 'ready', ms: 170 }] }),
  );
  expect(lines).toEqual(['12:00:01  shop/cart-00002 cold start 182 ms: decide 4 ms · ready 170 ms']);
});

test('the same failure is said once, its lines beneath each other, and so is the recovery', () => {
  const lines = narrate((narrator) => {
    narrator.failing('default/api-00001', 'ExitCode3', 'exit code 3\nno database');
    narrator.failing('default/api-00001', 'ExitCode3', 'exit code 3\nno database');
    narrator.recovered('default/api-00001');
    narrator.recovered('default/api-00001');
  });
  expect(lines).toEqual([
    '12:00:01  api-00001      ✗ ExitCode3: exit code 3',
    '                         no database',
    '12:00:01  api-00001      ✓ recovered',
  ]);
});

test('a service that leads to another revision is news, the same one is not', () => {
  const lines = narrate((narrator) => {
    narrator.serving('default/hello', 'http://hello', 'hello-00001');
    narrator.serving('default/hello', 'http://hello', 'hello-00001');
    narrator.serving('default/hello', 'http://hello', 'hello-00002');
  });
  expect(lines.length).toBe(2);
});

test('a program that ends is said each time, with its last words', () => {
  const lines = narrate((narrator) => {
    narrator.ended('default/api-00001', 'exit code 9', 'boom\n');
    narrator.ended('default/api-00001', 'signal 9', '');
  });
  expect(lines).toEqual([
    '12:00:01  api-00001      ended (exit code 9), is started again',
    '                         boom',
    '12:00:01  api-00001      ended (signal 9), is started again',
  ]);
});

test('why a revision has fewer pods is said once', () => {
  const lines = narrate((narrator) => {
    narrator.limited('default/api-00001', 'PortTaken', 'pod a has the port');
    narrator.limited('default/api-00001', 'PortTaken', 'pod b has the port');
  });
  expect(lines).toEqual(['12:00:01  api-00001      PortTaken: pod a has the port']);
});
