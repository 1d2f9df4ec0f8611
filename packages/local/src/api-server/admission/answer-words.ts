/** What client-go makes of an answer that is none (apimachinery's `NewGenericServerResponse`). Pure. */

/** @param body what came with it */
export function unansweredWords(status: number, body: string): string {
  switch (status) {
    case 400:
      return 'the server rejected our request for an unknown reason';
    case 401:
      return 'the server has asked for the client to provide credentials';
    case 403:
      return body.trim() === '' ? 'unknown' : body.trim();
    case 404:
      return 'the server could not find the requested resource';
    case 405:
      return 'the server does not allow this method on the requested resource';
    case 413:
      return 'Request entity too large: limit is 3145728';
    case 429:
      return 'the server has received too many requests and has asked us to try again later';
    case 503:
      return 'the server is currently unable to handle the request';
    case 504:
      return 'the server was unable to return a response in the time allotted, but may still be processing the request';
    default:
      if (status >= 500) return `an error on the server (${JSON.stringify(body.trim() || 'unknown')}) has prevented the request from succeeding`;
      return `the server responded with the status code ${status} but did not return more information (post)`;
  }
}
