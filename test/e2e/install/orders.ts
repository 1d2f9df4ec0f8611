/** In which orders parts are restarted. */

/**
 * All orders of the parts when `INSTALL_ORDERS=all` is in the environment; otherwise one and its reverse, in which each part comes before each other once.
 */
export function ordersOf<T>(parts: readonly T[]): readonly (readonly T[])[] {
  return process.env['INSTALL_ORDERS'] === 'all' ? permutations(parts) : [parts, parts.toReversed()];
}

export function permutations<T>(parts: readonly T[]): T[][] {
  if (parts.length === 0) return [[]];
  return parts.flatMap((part, index) => permutations(parts.toSpliced(index, 1)).map((rest) => [part, ...rest]));
}
