/** Our machine as the stream that Node's HTTP/2 talks over: what Node writes goes in, what the machine says comes out. */
import type { Buffer } from 'node:buffer';
import { Duplex } from 'node:stream';
import { Http2Machine } from '@sluice/http/testing';

export class MachineStream extends Duplex {
  readonly machine: Http2Machine;
  /** All that Node has written. */
  readonly written: Buffer[] = [];

  constructor(machine: Http2Machine) {
    super();
    this.machine = machine;
    this.on('error', () => {});
  }

  /** Gives Node what the machine has said since. */
  flush(): void {
    const bytes = this.machine.output.take();
    if (bytes.length > 0) this.push(bytes);
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, written: () => void): void {
    this.written.push(chunk);
    this.machine.feed(chunk);
    this.flush();
    written();
  }
}
