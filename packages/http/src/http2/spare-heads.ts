/** Heads of streams that are over, for those that begin: a head with its memory costs as much to make as to read. */
import { RequestHead, ResponseHead } from '../message-head.ts';

/** Of each kind. Chosen: more streams seldom begin at once. */
const sparesMax = 64;

/** Memory that a head keeps. */
const keptBytesMax = 4096;

export class SpareHeads {
  readonly #requests: RequestHead[] = [];
  readonly #responses: ResponseHead[] = [];

  takeRequest(): RequestHead {
    return this.#requests.pop() ?? new RequestHead();
  }

  /** It comes back by its `home`, when nobody will look at it any more. */
  takeResponse(): ResponseHead {
    const head = this.#responses.pop() ?? new ResponseHead();
    head.home = this;
    return head;
  }

  giveBackRequest(head: RequestHead): void {
    if (this.#requests.length >= sparesMax) return;
    head.shrinkMemory(keptBytesMax);
    head.reset();
    this.#requests.push(head);
  }

  giveBack(head: ResponseHead): void {
    if (head.home !== this || this.#responses.length >= sparesMax) return;
    head.home = undefined;
    head.shrinkMemory(keptBytesMax);
    head.reset();
    this.#responses.push(head);
  }
}
