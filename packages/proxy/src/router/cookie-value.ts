/** Cookies of requests (RFC 6265 4.2). */
import type { RequestHead } from '@sluice/http';

/** The value of a cookie, without the quotes that it may stand in. */
export function cookieValue(request: RequestHead, name: string): string | undefined {
  const line = request.get('cookie');
  if (line === undefined) return undefined;
  // Several lines come joined by commas, which no cookie holds.
  for (const pair of line.split(/[;,]/)) {
    const equals = pair.indexOf('=');
    if (equals === -1 || pair.slice(0, equals).trim() !== name) continue;
    return pair.slice(equals + 1).trim().replace(/^"(.*)"$/, '$1');
  }
  return undefined;
}
