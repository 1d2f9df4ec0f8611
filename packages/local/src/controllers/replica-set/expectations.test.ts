import { describe, expect, it } from 'vitest';
import { SimulatedTime } from '@sluice/kernel/testing';
import { Expectations } from './expectations.ts';

describe('what a controller has written and not yet seen', () => {
  it('holds it back until every creation and removal has shown', () => {
    const expectations = new Expectations(new SimulatedTime());
    expectations.expect('default/web', ['default/a', 'default/b'], ['default/c']);
    expectations.creationSeen('default/web', 'default/a');
    expectations.removalSeen('default/web', 'default/c');
    expect(expectations.waitMs('default/web')).toBe(30_000);
    expectations.creationSeen('default/web', 'default/b');
    expect(expectations.waitMs('default/web')).toBe(0);
  });

  it('is given up after a while: a watch that is broken must not stop the controller for good', () => {
    const time = new SimulatedTime();
    const expectations = new Expectations(time);
    expectations.expect('default/web', ['default/a'], []);
    time.advance(29_000);
    expect(expectations.waitMs('default/web')).toBe(1_000);
    time.advance(1_000);
    expect(expectations.waitMs('default/web')).toBe(0);
  });

  it('says nothing about other owners', () => {
    const expectations = new Expectations(new SimulatedTime());
    expectations.expect('default/web', ['default/a'], []);
    expect(expectations.waitMs('default/other')).toBe(0);
  });
});
