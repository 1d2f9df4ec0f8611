/** The `date` field of responses that bring none: its line, made anew when the second is another. */
import { createHeaderLine, type HeaderLine } from '@sluice/http';

export class DateLine {
  #second = 0;
  #line: HeaderLine | undefined;

  /** @param wallTime in ms since the epoch. What it gives stays as it is. */
  at(wallTime: number): HeaderLine {
    const second = Math.floor(wallTime / 1000);
    if (this.#line !== undefined && second === this.#second) return this.#line;
    this.#second = second;
    // IMF-fixdate (RFC 9110 5.6.7), which is what `toUTCString` gives.
    return (this.#line = createHeaderLine('date', new Date(second * 1000).toUTCString()));
  }
}
