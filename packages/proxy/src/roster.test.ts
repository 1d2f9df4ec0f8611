import { expect, test } from 'vitest';
import { Roster, type RosterMember } from './roster.ts';

const names = ['a', 'b', 'c', 'd'] as const;

function filled(): { readonly roster: Roster<RosterMember & { readonly name: string }>; readonly members: readonly (RosterMember & { readonly name: string })[] } {
  const roster = new Roster<RosterMember & { readonly name: string }>();
  const members = names.map((name) => ({ name, rosterIndex: -1 }));
  for (const member of members) roster.add(member);
  return { roster, members };
}

function namesIn(roster: Roster<RosterMember & { readonly name: string }>): string[] {
  const found: string[] = [];
  roster.forEach(({ name }) => found.push(name));
  return found.sort();
}

test.each(names)('%s goes, and the others stay', (gone) => {
  const { roster, members } = filled();
  const member = members.find(({ name }) => name === gone);
  expect(member && roster.remove(member)).toBe(true);
  expect(member && roster.remove(member)).toBe(false);
  expect([roster.size, namesIn(roster)]).toEqual([3, names.filter((name) => name !== gone)]);
  for (const other of members) if (other !== member) expect(roster.remove(other)).toBe(true);
  expect(roster.size).toBe(0);
});

test('who is removed by the visit of another is not visited', () => {
  const { roster, members } = filled();
  const visited: string[] = [];
  roster.forEach(({ name }) => {
    visited.push(name);
    for (const member of members.slice(1, 3)) roster.remove(member);
  });
  expect([visited, namesIn(roster)]).toEqual([['a', 'd'], ['a', 'd']]);
});
