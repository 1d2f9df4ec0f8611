/**
 * Whether memory grows over a soak. What a process holds at rest differs from fault to fault by more than a leak adds in a
 * phase, so each fault is compared with itself: one slope for all, by least squares, beside a level for each fault.
 */

export interface MemoryPoint {
  readonly fault: string;
  /** Since the beginning, in ms. */
  readonly atMs: number;
  readonly bytes: number;
}

export interface MemoryGrowth {
  /** Over the last two thirds of the soak. */
  readonly bytes: number;
  readonly bytesPerHour: number;
  /** The mean over the same time. */
  readonly level: number;
}

/** Every fault has to have been there so often in the time that is judged; two points make a slope. */
const visitsMin = 2;

/** Of the last two thirds: before that code and buffers warm up. Undefined: too short to say. */
export function growthOf(points: readonly MemoryPoint[]): MemoryGrowth | undefined {
  const endMs = points.at(-1)?.atMs ?? 0;
  const late = points.filter(({ atMs }) => atMs > endMs / 3);
  const byFault = Object.groupBy(late, ({ fault }) => fault);
  let [products, squares] = [0, 0];
  for (const visits of Object.values(byFault)) {
    if (!visits || visits.length < visitsMin) return undefined;
    const [atMean, bytesMean] = [mean(visits.map(({ atMs }) => atMs)), mean(visits.map(({ bytes }) => bytes))];
    for (const { atMs, bytes } of visits) {
      products += (atMs - atMean) * (bytes - bytesMean);
      squares += (atMs - atMean) ** 2;
    }
  }
  if (squares === 0) return undefined;
  const bytesPerMs = products / squares;
  return { bytes: bytesPerMs * endMs * (2 / 3), bytesPerHour: bytesPerMs * 3_600_000, level: mean(late.map(({ bytes }) => bytes)) };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
