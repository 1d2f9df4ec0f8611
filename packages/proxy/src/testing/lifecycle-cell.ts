/** One event in one state, and what comes of it, in the words of the table. */
import { lifecycleEvents, type LifecycleEvent } from './lifecycle-events.ts';
import { lifecycleStates, type LifecycleState } from './lifecycle-states.ts';
import { LifecycleWorld, type Ear } from './lifecycle-world.ts';

export interface LifecycleEffects {
  /** What the client hears: statuses (`!` where it is asked to leave), bytes, FIN, RST. */
  readonly client: string;
  /** What the host hears: requests, bytes, FIN, RST. */
  readonly host: string;
  /** Of each stream that ends: status, response flag, details. */
  readonly ends: string;
}

export interface PlayedCell {
  readonly world: LifecycleWorld;
  /** Why the event cannot happen; or what it did. */
  readonly outcome: string | LifecycleEffects;
}

export async function playCell(stateName: string, eventName: string): Promise<PlayedCell> {
  const state = lifecycleStates[stateName] as LifecycleState;
  const event = lifecycleEvents[eventName] as LifecycleEvent;
  const world = new LifecycleWorld(event.settings ?? {});
  await world.start();
  await state.reach(world);
  const reason = event.cannot?.(world);
  if (reason !== undefined) return { world, outcome: reason };
  const client = listen(world.client, /HTTP\/1\.1 (\d+)[^]*?\r\n\r\n/g, (status, head) => `${status}${/^connection: close/im.test(head) ? '!' : ''}`);
  const known = world.hosts.map((host) => listenToHost(host));
  const ended = world.ends.length;
  event.happen?.(world);
  await world.pass(event.takesMs ?? 20);
  const hosts = [...known, ...world.hosts.slice(known.length).map((host) => listenToHost(host, true))];
  return { world, outcome: { client: client(), host: hosts.map((hear) => hear()).filter(Boolean).join(', '), ends: world.ends.slice(ended).join(', ') } };
}

/** All that is still there goes away, as it may at any time. */
export async function leaveWorld(world: LifecycleWorld): Promise<void> {
  world.client.reset();
  world.cutHostOff(false);
  await world.pass(200);
  for (const host of world.hosts) host.reset();
  await world.pass(200);
}

function listenToHost(host: Ear, isNew = false): () => string {
  return listen(host, /(?:GET|POST) \S+ HTTP\/1\.1\r\n[^]*?\r\n\r\n/g, () => 'request', isNew);
}

/** From now on, or from the beginning; tells what has been heard. */
function listen(ear: Ear, heads: RegExp, name: (first: string, head: string) => string, fromStart = false): () => string {
  const from = fromStart ? 0 : ear.text.length;
  const { hasEnded, wasReset } = fromStart ? { hasEnded: false, wasReset: false } : ear;
  return () => {
    const text = ear.text.slice(from);
    const words = [...text.matchAll(heads)].map(([head, first = '']) => name(first, head));
    if (text !== '' && text.search(heads) !== 0) words.unshift('bytes');
    if (ear.wasReset && !wasReset) words.push('RST');
    else if (ear.hasEnded && !hasEnded) words.push('FIN');
    return words.join(', ');
  };
}
