/** Sends bytes and waits for others: a question in a protocol that nobody here knows. */
import { Buffer } from 'node:buffer';
import type { Address, Network, Timers } from '@sluice/kernel';

export interface TcpExchange {
  readonly address: Address;
  /** In hex; empty: nothing is sent. */
  readonly send: string;
  /** Pieces that must come in this order, in hex, whatever comes between; none: a connection is answer enough. */
  readonly receive: readonly string[];
  /** For all of it. Milliseconds. */
  readonly timeoutMs: number;
}

export interface ExchangeFailure {
  readonly reason: string;
  readonly timedOut: boolean;
}

/** Of an answer that does not hold what is waited for, no more than this is kept. Bytes. */
const ANSWER_BYTES_MAX = 65_536;

/** `onResult` is called once, never from within this call; with nothing when all came. */
export function exchangeBytes(network: Network, timers: Timers, exchange: TcpExchange, onResult: (failure: ExchangeFailure | undefined) => void): void {
  const { address, timeoutMs } = exchange;
  const question = Buffer.from(exchange.send, 'hex');
  const wanted = exchange.receive.map((piece) => Buffer.from(piece, 'hex'));
  let answer = Buffer.alloc(0);
  let isDone = false;
  const finish = (reason?: string, timedOut = false): void => {
    if (isDone) return;
    isDone = true;
    timer.cancel();
    connection.destroy();
    onResult(reason === undefined ? undefined : { reason, timedOut });
  };
  /** Looks for what is still wanted in what has come. */
  const look = (): void => {
    for (let piece = wanted[0]; piece !== undefined; piece = wanted[0]) {
      const at = answer.indexOf(piece);
      if (at === -1) return answer.length > ANSWER_BYTES_MAX ? finish('the answer is long and does not hold what it should') : undefined;
      answer = answer.subarray(at + piece.length);
      wanted.shift();
    }
    finish();
  };
  const timer = timers.after(timeoutMs, () => finish(`no answer within ${timeoutMs} ms`, true));
  const connection = network.connect(
    address,
    {
      onOpen() {
        if (question.length > 0) connection.write(question, 0, question.length);
        look();
      },
      onData(memory, length) {
        answer = Buffer.concat([answer, memory.subarray(0, length)]);
        look();
      },
      onDrain() {},
      onEnd: () => finish('the connection ended before the answer was whole'),
      onClose: (error) => finish(error?.message ?? 'connection closed', error?.code === 'connect-timeout'),
    },
    { timeoutMs },
  );
}
