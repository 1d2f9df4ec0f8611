/** When gateways count as having taken what was published. */
import { typeUrls, type TypeUrl } from '@sluice/xds';
import { expect, test } from 'vitest';
import { Acknowledgements, type GatewayStream } from './acknowledgements.ts';

interface Channel {
  readonly typeUrl: TypeUrl;
  readonly isSettled: boolean;
  readonly rejection: { readonly message: string } | undefined;
}

function channel(typeUrl: TypeUrl, isSettled = true, message = ''): Channel {
  return { typeUrl, isSettled, rejection: message === '' ? undefined : { message } };
}

function stream(id: string, ...channels: Channel[]): GatewayStream {
  return { node: { id }, channels: [channel(typeUrls.cluster), ...channels] };
}

const routes = (isSettled = true, message = '') => channel(typeUrls.routeConfiguration, isSettled, message);

function waitingFor(...owners: string[]): Acknowledgements {
  const acknowledgements = new Acknowledgements();
  for (const owner of owners) acknowledgements.wait(owner);
  return acknowledgements;
}

test('all who wait are ready when every gateway has accepted all of its routes', () => {
  const acknowledgements = waitingFor('a', 'b');
  expect(acknowledgements.settle([stream('1', routes()), stream('2', routes(false))])).toEqual({ ready: [], refusal: '' });
  expect(acknowledgements.settle([stream('1', routes()), stream('2', routes())])).toEqual({ ready: ['a', 'b'], refusal: '' });
  expect(acknowledgements.isWaiting).toBe(false);
});

test('with no gateway there, nothing is in force', () => {
  expect(waitingFor('a').settle([])).toEqual({ ready: [], refusal: '' });
});

test('a gateway that has not asked for its routes yet has none', () => {
  expect(waitingFor('a').settle([stream('1')]).ready).toEqual([]);
  expect(waitingFor('a').settle([{ node: undefined, channels: [] }]).ready).toEqual([]);
});

test('endpoints on their way do not matter: they go before the routes that need them', () => {
  expect(waitingFor('a').settle([stream('1', routes(), channel(typeUrls.clusterLoadAssignment, false))]).ready).toEqual(['a']);
});

test('a gateway with a stream for each type has all when all of them say so', () => {
  const clusters = (isSettled: boolean): GatewayStream => ({ node: { id: '1' }, channels: [channel(typeUrls.cluster, isSettled)] });
  const own: GatewayStream = { node: { id: '1' }, channels: [routes()] };
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
  });
  expect([...acknowledgements.waiting]).toEqual(['a']);
});
