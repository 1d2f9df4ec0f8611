/** Operators about when things happened and how long they took: whole milliseconds, as Envoy logs them. */
import type { StreamInfo } from '../stream-info.ts';
import { plain, withAppend, type FieldReader, type Operators } from './format-source.ts';
import { createFormattedTime, createIsoTime, createIsoTimeAppender } from './start-time.ts';

export const timingOperators: Operators = {
  START_TIME: (argument) => wallTime('START_TIME', argument, ({ startWallTime }) => startWallTime),
  EMIT_TIME: (argument) => wallTime('EMIT_TIME', argument, (info) => info.startWallTime + Math.max(0, info.endAt - info.startAt)),
  DURATION: plain(({ info }) => elapsedMs(info.startAt, info.endAt)),
  REQUEST_DURATION: plain(({ info }) => elapsedMs(info.startAt, info.requestEndAt)),
  // To the last byte given to the upstream; known when the request is all there and somebody has taken it.
  REQUEST_TX_DURATION: plain(({ info }) => (info.upstreamStartAt === 0 || info.requestEndAt === 0 ? undefined : elapsedMs(info.startAt, Math.max(info.requestEndAt, info.upstreamStartAt)))),
  RESPONSE_DURATION: plain(({ info }) => elapsedMs(info.startAt, info.responseStartAt)),
  RESPONSE_TX_DURATION: plain(({ info }) => elapsedMs(info.responseStartAt, info.endAt)),
  COMMON_DURATION: commonDuration,
};

function wallTime(name: string, argument: string | undefined, momentOf: (info: StreamInfo) => number): FieldReader | string {
  if (argument === undefined || argument === '') {
    const isoTime = createIsoTime();
    const append = createIsoTimeAppender();
    return withAppend(
      ({ info }) => isoTime(momentOf(info)),
      ({ info }, line) => {
        append(momentOf(info), line);
        return true;
      },
    );
  }
  const format = createFormattedTime(argument);
  if (typeof format === 'object') return `has ${name} with ${format.unknown}, which is not understood`;
  return ({ info }) => format(momentOf(info));
}

/** Nothing when one of the moments did not come. */
function elapsedMs(from: number, to: number): number | undefined {
  return from === 0 || to === 0 ? undefined : Math.round(to - from);
}

/** Envoy's names of moments, as far as we take them down. */
const moments: Readonly<Record<string, (info: StreamInfo) => number>> = {
  DS_RX_BEG: ({ startAt }) => startAt,
  DS_RX_END: ({ requestEndAt }) => requestEndAt,
  US_TX_BEG: ({ upstreamStartAt }) => upstreamStartAt,
  US_RX_BEG: ({ responseStartAt }) => responseStartAt,
  DS_TX_BEG: ({ responseStartAt }) => responseStartAt,
  US_RX_END: ({ endAt }) => endAt,
  DS_TX_END: ({ endAt }) => endAt,
};

const precisions: Readonly<Record<string, number>> = { ms: 1, us: 1000, ns: 1_000_000 };

/** `COMMON_DURATION(FROM:TO:ms)`. */
function commonDuration(argument: string | undefined): FieldReader | string {
  const [from = '', to = '', precision = 'ms'] = (argument ?? '').split(':');
  const [begin, end, factor] = [moments[from], moments[to], precisions[precision]];
  if (!begin || !end || factor === undefined) {
    return `has COMMON_DURATION(${argument ?? ''}), must be two of ${Object.keys(moments).join(', ')} and ms, us or ns`;
  }
  return ({ info }) => {
    const [first, last] = [begin(info), end(info)];
    return first === 0 || last === 0 ? undefined : Math.round((last - first) * factor);
  };
}
