/** When gateways count as having taken what was published. */
import { typeUrls, type TypeUrl } from '@sluice/xds';
import { describe, expect, test } from 'vitest';
import { Acknowledgements, type GatewayStream } from './acknowledgements.ts';

type Channel = GatewayStream['channels'][number];

function channel(typeUrl: TypeUrl, isSettled = true, message = ''): Channel {
  return { typeUrl, isSettled, isAnswered: isSettled, rejection: message === '' ? undefined : { message }, refusals: { list: [] } };
}

function stream(id: string, ...channels: Channel[]): GatewayStream {
  return { node: { id }, discoversHosts: false, channels: [channel(typeUrls.cluster), ...channels] };
}

const routes = (isSettled = true, message = '') => channel(typeUrls.routeConfiguration, isSettled, message);

function waitingFor(...owners: string[]): Acknowledgements {
  const acknowledgements = new Acknowledgements();
  for (const owner of owners) acknowledgements.wait(owner);
  return acknowledgements;
}

test('all who wait are ready when every gateway has accepted all of its routes', () => {
  const acknowledgements = waitingFor('a', 'b');
  expect(acknowledgements.settle([stream('1', routes()), stream('2', routes(false))])).toEqual({ ready: [], refusal: '', refusals: new Map() });
  expect(acknowledgements.settle([stream('1', routes()), stream('2', routes())])).toEqual({ ready: ['a', 'b'], refusal: '', refusals: new Map() });
  expect(acknowledgements.isWaiting).toBe(false);
});

test('with no gateway there, nothing is in force', () => {
  expect(waitingFor('a').settle([])).toEqual({ ready: [], refusal: '', refusals: new Map() });
});

test('a gateway that has not asked for its routes yet has none', () => {
  expect(waitingFor('a').settle([stream('1')]).ready).toEqual([]);
  expect(waitingFor('a').settle([{ node: undefined, discoversHosts: false, channels: [] }]).ready).toEqual([]);
});

test('endpoints on their way do not matter: they go before the routes that need them', () => {
  expect(waitingFor('a').settle([stream('1', routes(), channel(typeUrls.clusterLoadAssignment, false))]).ready).toEqual(['a']);
});

test('a gateway with a stream for each type has all when all of them say so', () => {
  const clusters = (isSettled: boolean): GatewayStream => ({ node: { id: '1' }, discoversHosts: false, channels: [channel(typeUrls.cluster, isSettled)] });
  const own: GatewayStream = { node: { id: '1' }, discoversHosts: false, channels: [routes()] };
  expect(waitingFor('a').settle([clusters(false), own]).ready).toEqual([]);
  expect(waitingFor('a').settle([clusters(true), own]).ready).toEqual(['a']);
});

test('many refusals, or a long one, make a short text', () => {
  const refusing = (id: string) => stream(id, routes(false, 'x'.repeat(5000)));
  const { refusal } = waitingFor('a').settle([refusing('1'), refusing('2'), refusing('3')]);
  expect(refusal).toMatch(/^gateway 1 refuses it: x+… \(and 2 more\)$/);
  expect(refusal.length).toBeLessThan(1100);
});

test('what a gateway refuses it says in its own words, and who waits goes on waiting', () => {
  const acknowledgements = waitingFor('a');
  expect(acknowledgements.settle([stream('1', routes(false, 'RDS: x: no')), stream('2', routes())])).toEqual({
    ready: [],
    refusal: 'gateway 1 refuses it: RDS: x: no',
    refusals: new Map(),
  });
  expect([...acknowledgements.waiting]).toEqual(['a']);
});

describe('a gateway that discovers hosts one by one', () => {
  const discovering = (...channels: Channel[]): GatewayStream => ({ ...stream('1', routes(), ...channels), discoversHosts: true });
  const hosts = (isAnswered: boolean, ...refused: string[]): Channel => ({
    ...channel(typeUrls.virtualHost, isAnswered && refused.length === 0),
    isAnswered,
    refusals: { list: refused.map((name) => ({ name, version: '1', message: `${name}: no` })) },
  });
  const ownerOf = (resource: string) => resource.slice(resource.indexOf('/') + 1);

  test('has nothing before it has asked for them and answered', () => {
    expect(waitingFor('a').settle([discovering()]).ready).toEqual([]);
    expect(waitingFor('a').settle([discovering(hosts(false))]).ready).toEqual([]);
    expect(waitingFor('a').settle([discovering(hosts(true))]).ready).toEqual(['a']);
  });

  test('keeps nobody waiting but those whose hosts it refuses', () => {
    const acknowledgements = waitingFor('a', 'b');
    expect(acknowledgements.settle([discovering(hosts(true, 'table/b'))], ownerOf)).toEqual({
      ready: ['a'],
      refusal: '',
      refusals: new Map([['b', 'gateway 1 refuses it: table/b: no']]),
    });
    expect([...acknowledgements.waiting]).toEqual(['b']);
    expect(acknowledgements.settle([discovering(hosts(true))], ownerOf).ready).toEqual(['b']);
  });
});
