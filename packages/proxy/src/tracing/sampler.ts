/** OpenTelemetry's samplers: whether a span is kept, by the caller's decision and the trace's identifier. */
import type { TracingSampler } from '@sluice/resources';

/** `parentSampled` is what the caller has decided, undefined where there is none; `traceId` has 32 hexadecimal digits. */
export type Sampler = (parentSampled: boolean | undefined, traceId: string) => boolean;

export function compileSampler(sampler: TracingSampler): Sampler {
  switch (sampler.kind) {
    case 'always':
      return () => true;
    case 'trace-id-ratio': {
      const share = Math.round(sampler.ratio * million);
      return (_, traceId) => remainderOf(traceId) < share;
    }
    case 'parent-based': {
      const root = compileSampler(sampler.root);
      return (parentSampled, traceId) => parentSampled ?? root(parentSampled, traceId);
    }
  }
}

const million = 1_000_000;
const wordRemainder = 2 ** 32 % million;

/** Of the first eight bytes, the lowest first, as Envoy reads them. In two halves: together they are more than a number holds. */
function remainderOf(traceId: string): number {
  const high = wordAt(traceId, 8);
  const low = wordAt(traceId, 0);
  return (((high % million) * wordRemainder) + low) % million;
}

function wordAt(traceId: string, at: number): number {
  let word = 0;
  for (let index = 6; index >= 0; index -= 2) word = word * 256 + Number.parseInt(traceId.slice(at + index, at + index + 2), 16);
  return word;
}
