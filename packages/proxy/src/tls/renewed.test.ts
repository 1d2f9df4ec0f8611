import { expect, test } from 'vitest';
import { Renewed } from './renewed.ts';

function create() {
  const world = { generation: 0, version: 'a' as string | undefined, broken: false, made: 0, renewed: 0, faults: [] as string[] };
  const renewed = new Renewed({
    generation: () => world.generation,
    gather(report) {
      if (world.version === '') report('file', 'cannot be read');
      if (world.version === undefined) return undefined;
      const { version } = world;
      return {
        version,
        create() {
          if (world.broken) throw new Error('key values mismatch');
          world.made += 1;
          return `value ${version}`;
        },
      };
    },
    onRenewed: () => void (world.renewed += 1),
    onFault: (faults) => void world.faults.push(...faults.map(({ message }) => message)),
  });
  return { world, renewed };
}

test('it is made once, and again only when what it is made of has changed', () => {
  const { world, renewed } = create();
  expect([renewed.get(), renewed.get()]).toEqual(['value a', 'value a']);
  world.generation = 1;
  renewed.get();
  expect(world).toMatchObject({ made: 1, renewed: 0 });
  world.version = 'b';
  expect(renewed.get()).toBe('value a');
  world.generation = 2;
  expect(renewed.get()).toBe('value b');
  expect(world).toMatchObject({ made: 2, renewed: 1, faults: [] });
});

test('what cannot be made leaves the last good one in use, and is said once', () => {
  const { world, renewed } = create();
  renewed.get();
  Object.assign(world, { generation: 1, version: 'b', broken: true });
  expect([renewed.get(), renewed.get()]).toEqual(['value a', 'value a']);
  Object.assign(world, { generation: 2, version: '' });
  expect(renewed.get()).toBe('value a');
  expect(world.faults).toEqual(['key values mismatch', 'cannot be read']);
});

test('while something is missing there is none, and that is no fault', () => {
  const { world, renewed } = create();
  world.version = undefined;
  expect(renewed.get()).toBeUndefined();
  Object.assign(world, { generation: 1, version: 'a' });
  expect(renewed.get()).toBe('value a');
  expect(world.faults).toEqual([]);
});
