import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { LayeredMap } from './layered-map.ts';

const change = fc.tuple(fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz'), fc.option(fc.nat(3), { nil: undefined }));

test('it holds what a plain map would, and tells every difference between any two of its states', () => {
  fc.assert(
    fc.property(fc.array(fc.array(change, { maxLength: 30 }), { maxLength: 20 }), fc.nat(), (steps, pick) => {
      const plain = new Map<string, number>();
      const states: { readonly layered: LayeredMap<number>; readonly plain: ReadonlyMap<string, number> }[] = [{ layered: LayeredMap.empty(), plain: new Map() }];
      for (const step of steps) {
        for (const [name, value] of step) put(plain, name, value);
        const layered = (states.at(-1) as (typeof states)[number]).layered.with(step);
        states.push({ layered, plain: new Map(plain) });
      }
      for (const { layered, plain: expected } of states) {
        expect(new Map(layered)).toEqual(expected);
        expect(layered.size).toBe(expected.size);
        for (const name of 'abcxyz') expect([layered.get(name), layered.has(name)]).toEqual([expected.get(name), expected.has(name)]);
      }
      const before = states[pick % states.length] as (typeof states)[number];
      const after = states.at(-1) as (typeof states)[number];
      const told = new Map(before.plain);
      for (const { name, before: was, after: now } of before.layered.differencesTo(after.layered)) {
        expect(was).not.toBe(now);
        expect(told.get(name)).toBe(was);
        put(told, name, now);
      }
      expect(told).toEqual(after.plain);
    }),
  );
});

test('what changes nothing is the same map', () => {
  const map = LayeredMap.from(new Map([['a', 1]]));
  expect(map.with([['a', 1], ['b', undefined]])).toBe(map);
});

function put(map: Map<string, number>, name: string, value: number | undefined): void {
  if (value === undefined) map.delete(name);
  else map.set(name, value);
}
