/** What a client says about codings: RFC 9110 12.5.3. */

/**
 * Whether `accept-encoding` lets a coding be used: it is named with a weight above 0, or not named and `*` is. Without
 * the field a client would take any coding; Envoy then sends none, and so do we.
 */
export function acceptsCoding(acceptEncoding: string | undefined, coding: string): boolean {
  if (acceptEncoding === undefined) return false;
  let others = false;
  for (const member of acceptEncoding.toLowerCase().split(',')) {
    const [name, ...parameters] = member.split(';').map((part) => part.trim());
    if (name !== coding && name !== '*') continue;
    const isAccepted = weightOf(parameters) > 0;
    if (name === coding) return isAccepted;
    others = isAccepted;
  }
  return others;
}

function weightOf(parameters: readonly string[]): number {
  const weight = parameters.find((parameter) => parameter.startsWith('q='));
  return weight === undefined ? 1 : Number(weight.slice(2)) || 0;
}
