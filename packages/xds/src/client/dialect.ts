/** What is different between the variants of discovery: how a client says what it wants and what it thinks of an answer. */
import type { ErrorDetail, Node } from '../discovery.ts';
import type { IncomingUpdate } from './incoming.ts';
import type { TypeSubscription } from './type-subscription.ts';

/** What requests of both variants have. */
export interface AnyRequest {
  readonly node?: Node;
  readonly errorDetail?: ErrorDetail;
}

export interface Dialect<Request extends AnyRequest, Response> {
  read(response: Response): IncomingUpdate;
  /** The first request of a type on a stream: everything wanted, and what is held. */
  open(type: TypeSubscription): Request;
  /** More or fewer names are wanted. */
  change(type: TypeSubscription, added: readonly string[], removed: readonly string[]): Request;
  /** An ACK, or with an error a NACK, of the response with the nonce. */
  answer(type: TypeSubscription, nonce: string, errorDetail: ErrorDetail | undefined): Request;
  /** Whether an answer names all that is wanted, so that names need not be told besides. */
  readonly answerTellsNames: boolean;
  /** Whether virtual hosts can come by it. */
  readonly carriesVirtualHosts: boolean;
}
