import { RecordingLogger } from '@sluice/kernel/testing';
import { beforeEach, describe, expect, test } from 'vitest';
import { ConfigStore } from './config-store.ts';
import { servingConfigMaps, servingConfigOf, defaultServingConfig } from './serving-config.ts';

describe('a store of ConfigMaps', () => {
  let happened: string[];
  let store: ConfigStore<typeof servingConfigMaps>;

  beforeEach(() => {
    happened = [];
    store = new ConfigStore({
      maps: servingConfigMaps,
      logger: new RecordingLogger(),
      onChange: (name) => happened.push(`changed ${name}`),
      onVerdict: (name, problems) => happened.push(`${name}: ${problems.length} problems`),
    });
  });

  test('holds the standard without any map', () => {
    expect(servingConfigOf(store)).toEqual(defaultServingConfig);
  });

  test('tells of a change once', () => {
    expect(store.set('config-gc', { 'min-non-active-revisions': '3' })).toBe('applied');
    expect(store.set('config-gc', { 'min-non-active-revisions': '3', other: 'x' })).toBe('unchanged');
    expect(store.get('config-gc').minNonActiveRevisions).toBe(3);
    expect(happened).toEqual(['changed config-gc']);
  });

  test('keeps the last good state of a map that cannot be used, and says why until it can', () => {
    store.set('config-gc', { 'min-non-active-revisions': '3' });
    expect(store.set('config-gc', { 'min-non-active-revisions': 'many' })).toBe('refused');
    expect(store.get('config-gc').minNonActiveRevisions).toBe(3);
    expect([...store.refusals].map(([name, problems]) => [name, problems.map(({ message }) => message)])).toEqual([
      ['config-gc', ['invalid value: many, want a whole number of at least 0']],
    ]);
    store.set('config-gc', { 'min-non-active-revisions': '3' });
    expect(store.refusals.size).toBe(0);
    expect(happened).toEqual(['changed config-gc', 'config-gc: 1 problems', 'config-gc: 0 problems']);
  });

  test('goes back to the standard when a map goes', () => {
    store.set('config-gc', { 'min-non-active-revisions': '3' });
    expect(store.set('config-gc', undefined)).toBe('applied');
    expect(store.get('config-gc')).toBe(servingConfigMaps['config-gc'].standard);
  });

  test('passes over maps that nobody asked for', () => {
    expect(store.set('config-kourier', {})).toBe('unknown');
    expect(store.set('toString', {})).toBe('unknown');
    expect(happened).toEqual([]);
  });
});
