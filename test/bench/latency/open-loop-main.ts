/**
 * Requests at a fixed rate, whatever becomes of those before: latency counts from the moment a request was due, so that
 * a target that stalls is charged for all who would have come meanwhile. With a rate of 0 as fast as answers come.
 * Arguments: port, requests per second, seconds, connections. Prints one line of JSON.
 */
import { connect, type Socket } from 'node:net';

const [port = 0, rate = 0, seconds = 1, connections = 1] = process.argv.slice(2).map(Number);
const request = Buffer.from('GET / HTTP/1.1\r\nHost: bench\r\n\r\n');

class Lane {
  readonly socket: Socket;
  /** When the request under way was due. */
  dueAt = 0;
  received = 0;

  constructor(onAnswer: (lane: Lane) => void) {
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket.on('error', () => void (errors += 1));
    this.socket.on('data', (bytes: Buffer) => {
      this.received += bytes.length;
      if (answerBytes === 0) answerBytes = lengthOf(bytes);
      if (this.received < answerBytes) return;
      this.received = 0;
      onAnswer(this);
    });
  }

  send(dueAt: number): void {
    this.dueAt = dueAt;
    this.socket.write(request);
  }
}

let errors = 0;
/** All answers are of the same length. */
let answerBytes = 0;
const free: Lane[] = [];
/** Due, and without a connection. */
const waiting: number[] = [];
const latencies: number[] = [];

function lengthOf(bytes: Buffer): number {
  const text = bytes.toString('latin1');
  const head = text.indexOf('\r\n\r\n');
  return head + 4 + Number(/content-length: (\d+)/i.exec(text)?.[1] ?? '0');
}

const startAt = performance.now() + 100;
const endAt = startAt + seconds * 1_000;
let sent = 0;

function onAnswer(lane: Lane): void {
  const now = performance.now();
  latencies.push(now - lane.dueAt);
  const due = rate === 0 ? (now < endAt ? now : undefined) : waiting.shift();
  if (due === undefined) free.push(lane);
  else {
    if (rate === 0) sent += 1;
    lane.send(due);
  }
}

function tick(): void {
  const now = performance.now();
  const until = Math.min(now, endAt);
  for (let due = startAt + (sent * 1_000) / rate; due < until; due = startAt + (sent * 1_000) / rate) {
    sent += 1;
    const lane = free.pop();
    if (lane) lane.send(due);
    else waiting.push(due);
  }
  // What is still under way a second after the end is lost.
  if (now < endAt || (latencies.length + errors < sent && now < endAt + 1_000)) setImmediate(tick);
  else report();
}

function report(): void {
  latencies.sort((a, b) => a - b);
  const at = (ratio: number) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * ratio))] ?? Number.NaN;
  console.log(JSON.stringify({ requests: latencies.length, lost: sent - latencies.length, errors, p50Ms: at(0.5), p99Ms: at(0.99), p999Ms: at(0.999) }));
  process.exit(0);
}

for (let index = 0; index < connections; index += 1) free.push(new Lane(onAnswer));
setTimeout(() => {
  if (rate > 0) return tick();
  for (const lane of free.splice(0)) {
    sent += 1;
    lane.send(performance.now());
  }
  setTimeout(report, seconds * 1_000 + 100);
}, 100);
