import { expect, test } from 'vitest';
import { createLease, createSeededRandom, formatAddress, formatProblem, MeshError, parseAddress, problem, randomInt } from './index.ts';

test('a lease is released once, however often it is asked to', () => {
  let releases = 0;
  const lease = createLease(() => (releases += 1));
  lease.release();
  lease.release();
  expect(releases).toBe(1);
});

test('one seed, one sequence; numbers stay in range', () => {
  const a = createSeededRandom(42);
  const b = createSeededRandom(42);
  const drawn = Array.from({ length: 1000 }, () => a.next());
  expect(drawn).toEqual(Array.from({ length: 1000 }, () => b.next()));
  expect(drawn.every((value) => value >= 0 && value < 1)).toBe(true);
  const counts = [0, 0, 0];
  for (let draw = 0; draw < 3000; draw += 1) {
    const index = randomInt(a, 3);
    counts[index] = (counts[index] ?? 0) + 1;
  }
  expect(counts.every((count) => count > 850 && count < 1150)).toBe(true);
});

test('a problem reads as place, path, message', () => {
  expect(formatProblem(problem('spec.traffic', 'targets sum to 90, want 100'))).toBe('spec.traffic: targets sum to 90, want 100');
  expect(
    formatProblem({ path: '', message: 'bad indentation', severity: 'error', position: { file: 'a.yaml', line: 3, column: 7 } }),
  ).toBe('a.yaml:3:7: bad indentation');
});

test('unknown reasons pass one gate and keep their cause', () => {
  const cause = new Error('boom');
  const error = MeshError.from(cause, 'listener-bind');
  expect([error.code, error.message, error.cause]).toEqual(['listener-bind', 'boom', cause]);
  expect(MeshError.from(error)).toBe(error);
});

test.each([
  [{ host: '127.0.0.1', port: 80 }, '127.0.0.1:80'],
  [{ host: 'app.example.com', port: 8080 }, 'app.example.com:8080'],
  [{ host: '', port: 8080 }, ':8080'],
  [{ host: '::1', port: 80 }, '[::1]:80'],
  [{ host: '', port: 0, path: '/run/app.sock' }, '/run/app.sock'],
  [{ host: '', port: 0, path: '/run/app:80' }, '/run/app:80'],
])('the address %j reads as people write it, and back', (address, text) => {
  expect(formatAddress(address)).toBe(text);
  expect(parseAddress(text)).toEqual(address);
});
