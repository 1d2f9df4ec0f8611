/** Places that Envoy gives to six hosts, as known from outside: a request must meet the same host here and there. */
import { expect, test } from 'vitest';
import { Host } from '../host.ts';
import { endpointAt } from '../testing/index.ts';
import type { Hash64 } from './hash64.ts';
import { HashRing } from './hash-ring.ts';
import { MaglevTable } from './maglev-table.ts';
import { placeHosts } from './placed-host.ts';

const hosts = [90, 91, 92, 93, 94, 95].map((port) => new Host(endpointAt(`127.0.0.1:${port}`)));
const halves = (value: bigint): Hash64 => ({ high: Number(value >> 32n), low: Number(value & 0xffffffffn) });

/** Ports by position on a ring of twelve places. */
const ringPlaces: readonly (readonly [number, bigint])[] = [
  [94, 833437586790550860n],
  [92, 928266305478181108n],
  [90, 1033482794131418490n],
  [95, 3551244743356806947n],
  [93, 3851675632748031481n],
  [91, 5583722120771150861n],
  [91, 6311230543546372928n],
  [93, 7700377290971790572n],
  [95, 13144177310400110813n],
  [92, 13444792449719432967n],
  [94, 15516499411664133160n],
  [90, 16117243373044804889n],
];

test('a ring of twelve places has them where Envoy has', () => {
  const ring = new HashRing(placeHosts(hosts, false), { min: 12, max: 8_388_608 });
  expect(ring.size).toBe(12);
  ringPlaces.forEach(([port, position], index) => {
    expect(ring.choose(halves(position), 0).address.port).toBe(port);
    // What comes after a place belongs to the next, and after the last to the first.
    const next = ringPlaces[(index + 1) % ringPlaces.length]?.[0];
    expect(ring.choose(halves(position + 1n), 0).address.port).toBe(next);
    expect(ring.choose(halves(position), 1).address.port).toBe(next);
  });
});

test('a table of seven places has the owners that Envoy gives them', () => {
  const table = new MaglevTable(placeHosts(hosts, false), 7);
  const owners = Array.from({ length: 21 }, (_, hash) => table.choose({ high: 0, low: hash }, 0).address.port);
  const round = [92, 94, 90, 91, 95, 90, 93];
  expect(owners).toEqual([...round, ...round, ...round]);
});
