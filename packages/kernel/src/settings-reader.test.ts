import { describe, expect, it } from 'vitest';
import { describeSettingProblems, SettingsReader } from './settings-reader.ts';

describe('settings', () => {
  it('come from flags in both spellings, then from the environment, then from the fallback', () => {
    const reader = new SettingsReader(['--one=1', '--two', '2'], { ONE: '9', THREE: '3' });
    const settings = {
      one: reader.number({ flag: 'one', variable: 'ONE' }),
      two: reader.text({ flag: 'two' }),
      three: reader.port({ variable: 'THREE' }),
      four: reader.text({ flag: 'four', variable: 'FOUR' }, 'fallback'),
    };
    expect(reader.finish(settings)).toEqual({ ok: true, value: { one: 1, two: '2', three: 3, four: 'fallback' }, problems: [] });
  });

  it('report everything that is wrong, with the name a person can change', () => {
    const reader = new SettingsReader(['--port=high', '--extra', 'stray'], { LEVEL: 'loud', RATIO: '1.5' });
    reader.port({ flag: 'port', variable: 'PORT' });
    reader.text({ variable: 'POD_NAME' });
    reader.choice({ variable: 'LEVEL' }, ['info', 'debug'], 'info');
    reader.number({ variable: 'RATIO' });
    reader.boolean({ variable: 'LEVEL' }, false);
    const checked = reader.finish(undefined);
    expect(checked.ok).toBe(false);
    expect(describeSettingProblems('activator', checked.problems)).toBe(
      [
        'activator: --port or PORT: must be a whole number, from 0 to 65535, but was "high"',
        'activator: POD_NAME: is required',
        'activator: LEVEL: must be one of info, debug, but was "loud"',
        'activator: RATIO: must be a whole number, 0 or more, but was "1.5"',
        'activator: LEVEL: must be true or false, but was "loud"',
        'activator: --extra: is not a flag of this program',
        '',
      ].join('\n'),
    );
  });

  it('take an empty text where a text may be empty, and the fallback where a number was left empty', () => {
    const reader = new SettingsReader([], { NAME: '', COUNT: '' });
    expect(reader.text({ variable: 'NAME' })).toBe('');
    expect(reader.number({ variable: 'COUNT' }, { fallback: 7 })).toBe(7);
    expect(reader.finish(0).ok).toBe(true);
  });

  it('take a flag without a value for true, and refuse words that are no flags', () => {
    const reader = new SettingsReader(['word', '--quiet'], {});
    expect(reader.boolean({ flag: 'quiet' }, false)).toBe(true);
    expect(reader.finish(0).problems).toEqual([
      { path: 'word', message: 'is not expected: settings are given as --name=value', severity: 'error' },
    ]);
  });
});
