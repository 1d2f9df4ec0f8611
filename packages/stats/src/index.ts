export { emptyStat, type StatMessage, type WireStat } from './stat-message.ts';
export { decodeStat, decodeStatMessages, encodeStat, encodeStatMessages, statMediaType } from './stat-codec.ts';
export { scrapeStat, type Scraped, type ScrapeOptions } from './scrape-stat.ts';
export { createStatReceiver, type StatReceiver, type StatReceiverOptions } from './stat-receiver.ts';
export { createStatSender, type StatSender, type StatSenderOptions } from './stat-sender.ts';
