/** Refusals in the form in which Knative's components give theirs, which is that of Go's `http.Error`. */
import type { LocalReply } from '../stream.ts';

/** The text on a line of its own, and not to be taken for anything else. */
export function plainRefusal(reply: Pick<LocalReply, 'status' | 'details' | 'flag'>, text: string): LocalReply {
  return {
    ...reply,
    body: `${text}\n`,
    contentType: 'text/plain; charset=utf-8',
    headers: { 'x-content-type-options': 'nosniff' },
  };
}
