/**
 * What a filter answers to a request. `continue`: on to the next. `wait`: the chain stands still until
 * `stream.continueRequest()`; the body waits with it, under back-pressure. `replied`: `stream.reply(…)` has been
 * called, the request goes no further.
 */
export type FilterVerdict = 'continue' | 'wait' | 'replied';
