export { emptyStat, type StatMessage, type WireStat } from './stat-message.ts';
export { decodeStat, decodeStatMessages, encodeStat, encodeStatMessages, statMediaType } from './stat-codec.ts';
