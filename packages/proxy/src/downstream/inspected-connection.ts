/**
 * A connection at which listener filters look: what comes is gathered until each of them has made up its mind, in order.
 * Then it goes on, with what was gathered and nobody has consumed, to whoever serves it.
 */
import { Buffer } from 'node:buffer';
import type { Connection } from '@sluice/kernel';
import type { Inspection } from '../proxy-config.ts';
import type { Sweepable } from '../sweep.ts';
import { HandlerInTurn, type Turn, type TurnHandler } from '../turn.ts';
import type { ConnectionInfo } from './connection-info.ts';
import { needsMore, refusesConnection } from './listener-filters/listener-filter.ts';

/** The listener, as such a connection sees it: it is inspected or fails, once. */
export interface InspectionOwner {
  /** Time is up; what follows is one of the others. */
  onInspectionLate(): void;
  /** `bytes` undefined: nothing has come that was not consumed. The memory is whoever's takes it. */
  onInspected(inspected: InspectedConnection, bytes: Buffer | undefined): void;
  /** It is over: refused, late or gone. The connection is destroyed already. */
  onInspectionFailed(inspected: InspectedConnection, why: InspectionFailure): void;
}

export type InspectionFailure = 'refused' | 'timeout' | 'closed';

const never = Number.POSITIVE_INFINITY;

export class InspectedConnection implements TurnHandler, Sweepable {
  deadline: number;
  sweepIndex = -1;
  readonly connection: Connection;
  readonly info: ConnectionInfo;
  readonly #inspection: Inspection;
  readonly #owner: InspectionOwner;
  #filter = 0;
  /** What has come, from `#start` to `#end`. */
  #memory = nothing;
  #start = 0;
  #end = 0;
  #isDone = false;

  constructor(connection: Connection, info: ConnectionInfo, inspection: Inspection, owner: InspectionOwner, now: number) {
    this.connection = connection;
    this.info = info;
    this.#inspection = inspection;
    this.#owner = owner;
    this.deadline = inspection.timeoutMs > 0 ? now + inspection.timeoutMs : never;
  }

  /** Looks at what is there already; waits for more when that does not do. */
  start(turn: Turn, bytes: Buffer | undefined): void {
    this.connection.handler = new HandlerInTurn(turn, this);
    if (bytes) this.#gather(bytes, bytes.length);
    this.#inspect();
  }

  /** Now, whatever is known. */
  cut(): void {
    this.#fail('closed');
  }

  onData(memory: Buffer, length: number): void {
    if (this.#isDone) return;
    this.#gather(memory, length);
    this.#inspect();
  }

  onDrain(): void {}

  onEnd(): void {
    this.#giveUp('closed');
    this.#fail('closed');
  }

  onClose(): void {
    this.#giveUp('closed');
    this.#fail('closed');
  }

  onDeadline(): void {
    this.#giveUp('timeout');
    this.#owner.onInspectionLate();
    if (!this.#inspection.continuesOnTimeout) return this.#fail('timeout');
    this.#pass();
  }

  onCrash(): void {
    this.#fail('refused');
  }

  #inspect(): void {
    const { filters } = this.#inspection;
    for (let filter = filters[this.#filter]; filter; filter = filters[this.#filter]) {
      const bytes = this.#memory.subarray(this.#start, this.#end);
      const consumed = filter.inspect(bytes, this.info);
      if (consumed === refusesConnection) return this.#fail('refused');
      if (consumed === needsMore) {
        if (bytes.length < filter.bytesMax) return;
        this.#giveUp('too-large');
        return this.#fail('refused');
      }
      this.#start += consumed;
      this.#filter += 1;
    }
    this.#pass();
  }

  #pass(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#owner.onInspected(this, this.#start === this.#end ? undefined : this.#memory.subarray(this.#start, this.#end));
  }

  #fail(why: InspectionFailure): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.connection.destroy();
    this.#owner.onInspectionFailed(this, why);
  }

  #giveUp(reason: 'closed' | 'timeout' | 'too-large'): void {
    if (!this.#isDone) this.#inspection.filters[this.#filter]?.onGivenUp?.(reason);
  }

  /** Doubles its memory when it must grow, so that bytes that trickle in are not copied over and over. */
  #gather(memory: Buffer, length: number): void {
    if (this.#end + length > this.#memory.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(this.#end + length, this.#memory.length * 2));
      this.#memory.copy(larger, 0, 0, this.#end);
      this.#memory = larger;
    }
    memory.copy(this.#memory, this.#end, 0, length);
    this.#end += length;
  }
}

const nothing = Buffer.alloc(0);
