import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Breaker, type Reservation } from './breaker.ts';

/** Takes a reservation that must not be refused, and keeps the order in which turns came in `admitted`. */
function acquire(breaker: Breaker, name: string, admitted: string[] = []): Reservation {
  const reservation = breaker.acquire(() => admitted.push(name));
  if (!reservation) throw new Error(`${name} was refused`);
  return reservation;
}

describe('a breaker', () => {
  it('admits up to its capacity, queues to its depth, and refuses the next', () => {
    const breaker = new Breaker({ queueDepth: 2, concurrencyMax: 1, initialCapacity: 1 });
    const first = acquire(breaker, 'first');
    const second = acquire(breaker, 'second');
    acquire(breaker, 'third');

    expect(first.admitted).toBe(true);
    expect(second.admitted).toBe(false);
    expect(breaker.acquire(() => {})).toBeUndefined();
    expect([breaker.inFlight, breaker.waiting]).toEqual([1, 2]);
  });

  it('gives turns in the order of arrival, also to those behind one that gave up', () => {
    const breaker = new Breaker({ queueDepth: 10, concurrencyMax: 1, initialCapacity: 1 });
    const turns: string[] = [];
    const running = acquire(breaker, 'running');
    acquire(breaker, 'a', turns);
    const impatient = acquire(breaker, 'b', turns);
    const last = acquire(breaker, 'c', turns);

    impatient.release();
    running.release();
    expect(turns).toEqual(['a']);
    expect(last.admitted).toBe(false);
    expect(breaker.waiting).toBe(1);
  });

  it('releases once, however often it is told', () => {
    const breaker = new Breaker({ queueDepth: 10, concurrencyMax: 2, initialCapacity: 2 });
    const reservation = acquire(breaker, 'one');
    reservation.release();
    reservation.release();
    expect(breaker.inFlight).toBe(0);
  });

  it('wakes those that wait when capacity is raised, and lets running ones end when it falls', () => {
    const breaker = new Breaker({ queueDepth: 10, concurrencyMax: 3, initialCapacity: 0 });
    const turns: string[] = [];
    const reservations = ['a', 'b', 'c'].map((name) => acquire(breaker, name, turns));
    breaker.setCapacity(2);
    expect(turns).toEqual(['a', 'b']);

    breaker.setCapacity(1);
    reservations[0]?.release();
    expect(turns).toEqual(['a', 'b']);
    reservations[1]?.release();
    expect(turns).toEqual(['a', 'b', 'c']);
  });

  it('reserves at once or not at all', () => {
    const breaker = new Breaker({ queueDepth: 1, concurrencyMax: 1, initialCapacity: 1 });
    expect(breaker.reserve()?.admitted).toBe(true);
    expect(breaker.reserve()).toBeUndefined();
    expect([breaker.inFlight, breaker.waiting]).toEqual([1, 0]);
  });

  it('serves a long queue of callers that release within their turn without growing the stack', () => {
    const breaker = new Breaker({ queueDepth: 100_000, concurrencyMax: 1, initialCapacity: 0 });
    let turns = 0;
    for (let index = 0; index < 50_000; index += 1) {
      const reservation = breaker.acquire(() => {
        turns += 1;
        reservation?.release();
      });
    }
    breaker.setCapacity(1);
    expect(turns).toBe(50_000);
    expect([breaker.inFlight, breaker.waiting]).toEqual([0, 0]);
  });

  it.each([
    [{ queueDepth: 0, concurrencyMax: 1, initialCapacity: 1 }, 'queue depth must be greater than 0, but was 0'],
    [{ queueDepth: 1, concurrencyMax: -1, initialCapacity: 0 }, 'maximum concurrency must be 0 or more, but was -1'],
    [{ queueDepth: 1, concurrencyMax: 1, initialCapacity: -1 }, 'initial capacity must be 0 to 1, but was -1'],
    [{ queueDepth: 1, concurrencyMax: 1, initialCapacity: 2 }, 'initial capacity must be 0 to 1, but was 2'],
  ])('does not accept %o', (options, message) => {
    expect(() => new Breaker(options)).toThrow(message);
  });
});

describe('any sequence of arrivals, ends, give-ups and capacity changes', () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.constant({ kind: 'acquire' as const }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('release' as const), index: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('capacity' as const), capacity: fc.nat(5) }) },
  );

  it('never admits above capacity, keeps the order, and leaks nothing', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const breaker = new Breaker({ queueDepth: 6, concurrencyMax: 5, initialCapacity: 2 });
        const held: { order: number; reservation: Reservation }[] = [];
        let arrivals = 0;
        let lastTurn = -1;

        function onTurn(order: number): void {
          expect(order).toBeGreaterThan(lastTurn);
          expect(breaker.inFlight).toBeLessThanOrEqual(breaker.capacity);
          lastTurn = order;
        }

        for (const action of steps) {
          if (action.kind === 'acquire') {
            const order = arrivals++;
            const slotsBefore = breaker.inFlight + breaker.waiting;
            const reservation = breaker.acquire(() => onTurn(order));
            expect(reservation === undefined).toBe(slotsBefore >= 11);
            if (!reservation) continue;
            if (reservation.admitted) onTurn(order);
            held.push({ order, reservation });
          } else if (action.kind === 'release') {
            const [taken] = held.splice(action.index % Math.max(1, held.length), 1);
            taken?.reservation.release();
          } else {
            breaker.setCapacity(action.capacity);
          }
          expect(breaker.inFlight).toBe(held.filter(({ reservation }) => reservation.admitted).length);
          if (breaker.waiting > 0) expect(breaker.inFlight).toBeGreaterThanOrEqual(breaker.capacity);
        }

        for (const { reservation } of held) reservation.release();
        expect([breaker.inFlight, breaker.waiting]).toEqual([0, 0]);
      }),
    );
  });
});
