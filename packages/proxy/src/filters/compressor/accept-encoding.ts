/** What a client says about codings: RFC 9110 12.5.3. */

/**
 * Whether `accept-encoding` lets a coding be used: it is named with a weight above 0, or not named and `*` is. Without
 * the field a client would take any coding; Envoy then sends none, and so do we.
 */
export function acceptsCoding(acceptEncoding: string | undefined, coding: string): boolean {
  return acceptEncoding !== undefined && weightFor(acceptEncoding, coding) > 0;
}

/**
 * Of the codings that a chain offers, which one a client wants most; undefined when it takes none. Of equal ones the
 * first counts.
 */
export function preferredCoding(acceptEncoding: string, codings: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestWeight = 0;
  for (const coding of codings) {
    const weight = weightFor(acceptEncoding, coding);
    if (weight <= bestWeight) continue;
    best = coding;
    bestWeight = weight;
  }
  return best;
}

function weightFor(acceptEncoding: string, coding: string): number {
  let others = 0;
  for (const member of acceptEncoding.toLowerCase().split(',')) {
    const [name, ...parameters] = member.split(';').map((part) => part.trim());
    if (name === coding) return weightOf(parameters);
    if (name === '*') others = weightOf(parameters);
  }
  return others;
}

function weightOf(parameters: readonly string[]): number {
  const weight = parameters.find((parameter) => parameter.startsWith('q='));
  return weight === undefined ? 1 : Number(weight.slice(2)) || 0;
}
