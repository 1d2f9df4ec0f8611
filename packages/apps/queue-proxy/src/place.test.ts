import { expect, test } from 'vitest';
import { takePlace, type Occupant } from './place.ts';

function createOccupant(): Occupant & { folder: string } {
  return { argv: ['node', 'main', 'before'], env: { BEFORE: 'b', SLUICE_STARTED_AHEAD: '1' }, folder: '/before', chdir(folder) { this.folder = folder; } };
}

test('a process has the arguments, the environment and the folder that it is told, and none of its own', () => {
  const occupant = createOccupant();
  expect(takePlace(JSON.stringify({ args: ['--x'], env: { NAME: 'you' }, cwd: '/' }), occupant)).toBe(true);
  expect(occupant).toMatchObject({ argv: ['node', 'main', '--x'], folder: '/' });
  expect(occupant.env).toEqual({ NAME: 'you' });
});

test('a process that is told nothing is not wanted, and stays as it was', () => {
  const occupant = createOccupant();
  expect(takePlace('', occupant)).toBe(false);
  expect(occupant).toMatchObject({ argv: ['node', 'main', 'before'], folder: '/before', env: { BEFORE: 'b' } });
});
