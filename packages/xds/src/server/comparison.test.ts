/** What clients come back with, when it is long enough to be compared once for all of them. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { snapshotOf } from '../testing/scenario-snapshot.ts';
import { typeUrls } from '../type-urls.ts';
import { DeltaStream } from './delta-stream.ts';
import { NameSet } from './name-set.ts';

const same = Array.from({ length: 300 }, (_unused, index) => `same-${index}`);

interface Answer {
  readonly sent: readonly string[];
  readonly removed: readonly string[];
}

/** What a stream is sent first that asks for endpoints by name, or for clusters as a whole. */
function answerTo(typeUrl: string, subscribe: readonly string[], initialVersions: Readonly<Record<string, string>>, snapshot: ReturnType<typeof snapshotOf>): Answer {
  const stream = new DeltaStream();
  stream.step({ kind: 'request', request: { typeUrl, subscribe, unsubscribe: [], initialVersions, responseNonce: '', node: { id: 'a', cluster: 'b' } } });
  const effects = [...stream.step({ kind: 'snapshot', snapshot }), ...stream.step({ kind: 'order wait over' })];
  const responses = effects.flatMap((effect) => (effect.kind === 'send' ? [effect.response] : []));
  return {
    sent: responses.flatMap(({ resources }) => resources.map(({ name, version }) => `${name}:${version}`)).sort(),
    removed: responses.flatMap(({ removedResources }) => removedResources).sort(),
  };
}

const versions = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd', 'e'), fc.constantFrom('1', '2'));

test('many names are answered as few are', () => {
  fc.assert(
    fc.property(versions, versions, fc.subarray(['a', 'b', 'c', 'd', 'e', 'f']), (there, brought, asked) => {
      const few = snapshotOf(['EDS', ...Object.entries(there).map((entry) => entry.join(':'))]);
      const many = snapshotOf(['EDS', ...same.map((name) => `${name}:1`), ...Object.entries(there).map((entry) => entry.join(':'))]);
      const names = [...same, ...asked];
      const all = { ...Object.fromEntries(same.map((name) => [name, '1'])), ...brought };
      const { clusterLoadAssignment } = typeUrls;
      const expected = answerTo(clusterLoadAssignment, asked, brought, few);
      // Of no names at all nothing is said, neither of few nor of many.
      expect(answerTo(clusterLoadAssignment, names, all, many)).toEqual(expected);
      // And once more, out of what is remembered.
      expect(answerTo(clusterLoadAssignment, names, all, many)).toEqual(expected);
    }),
  );
});

test('everything, with many versions, is answered as with few', () => {
  fc.assert(
    fc.property(versions, versions, (there, brought) => {
      const contents = Object.entries(there).map((entry) => entry.join(':'));
      const all = { ...Object.fromEntries(same.map((name) => [name, '1'])), ...brought };
      const { virtualHost } = typeUrls;
      const few = answerTo(virtualHost, [], brought, snapshotOf(['VHDS', ...contents]));
      expect(answerTo(virtualHost, [], all, snapshotOf(['VHDS', ...same.map((name) => `${name}:1`), ...contents]))).toEqual(few);
    }),
  );
});

test('a stream that lets go of names leaves those of others alone', () => {
  const names = [...same];
  const intern = (name: string) => name;
  const [one, two] = [new NameSet(), new NameSet()];
  one.addAll(names, intern);
  two.addAll(names, intern);
  expect([one.delete('same-7'), one.delete('same-7'), one.delete('other')]).toEqual([true, false, false]);
  one.add('more');
  expect([one.size, one.has('same-7'), one.has('more')]).toEqual([300, false, true]);
  expect([two.size, two.has('same-7'), two.has('more')]).toEqual([300, true, false]);
  one.add('same-7');
  expect([one.size, [...one].sort()]).toEqual([301, [...names, 'more'].sort()]);
});
