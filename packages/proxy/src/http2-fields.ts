/**
 * Heads between the two shapes they have: fields of a `HeaderBlock`, and the flat lists of names and values that
 * HTTP/2 frames carry. What only means something on an HTTP/1 connection stays behind (RFC 9113 8.2.2).
 */
import { isFieldName, isFieldValue, Known, Trailers, type HeaderBlock, type RequestHead, type ResponseHead } from '@sluice/http';

const connectionBound = new Set(['host', 'connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade', 'http2-settings']);

/** Names that a message of HTTP/2 must not hold: it is malformed then, not merely odd. */
const forbidden = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade']);

/** What frames or routes a message has no place behind it (RFC 9110 6.5.1). */
const forbiddenTrailers = new Set([
  ...connectionBound, 'te', 'trailer', 'expect', 'content-length', 'authorization', 'proxy-authorization', 'cookie', 'set-cookie', 'cache-control', 'content-encoding', 'content-range',
]);

export function requestFields(head: RequestHead): string[] {
  const fields = [':method', head.method, ':scheme', 'http', ':authority', head.authority, ':path', head.path];
  addFields(head, fields);
  return fields;
}

export function responseFields(head: ResponseHead): string[] {
  const fields = [':status', String(head.status)];
  addFields(head, fields);
  return fields;
}

function addFields(head: HeaderBlock, fields: string[]): void {
  head.forEach((name, value) => {
    if (connectionBound.has(name)) return;
    if (name === 'te' && value.toLowerCase() !== 'trailers') return;
    fields.push(name, value);
  });
}

/** Fields by name, of several with one name their list: the shape in which Node takes interim heads and trailers. */
export function fieldsByName(head: HeaderBlock, dropped: ReadonlySet<string> = connectionBound): Record<string, string | string[]> {
  const byName: Record<string, string | string[]> = {};
  head.forEach((name, value) => {
    if (dropped.has(name)) return;
    const earlier = byName[name];
    byName[name] = earlier === undefined ? value : [...(Array.isArray(earlier) ? earlier : [earlier]), value];
  });
  return byName;
}

export function trailerFields(trailers: Trailers | undefined): Record<string, string | string[]> {
  return trailers ? fieldsByName(trailers, forbiddenTrailers) : {};
}

/** Why a head is malformed; undefined when it has been put into `head`. Pseudo fields are left to `onPseudo`. */
export function readFields(fields: readonly string[], head: HeaderBlock, onPseudo: (name: string, value: string) => boolean): string | undefined {
  let cookie: string | undefined;
  let sawRegular = false;
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const name = fields[index] as string;
    const value = fields[index + 1] as string;
    if (name.startsWith(':')) {
      if (sawRegular || !onPseudo(name, value)) return `pseudo field ${name}`;
      continue;
    }
    sawRegular = true;
    if (!isFieldName(name) || name !== name.toLowerCase()) return `field name ${JSON.stringify(name)}`;
    if (!isFieldValue(value) || value !== value.trim()) return `value of ${name}`;
    if (forbidden.has(name)) return `field ${name}`;
    if (name === 'te' && value.toLowerCase() !== 'trailers') return 'field te';
    // One field may come in crumbs, which only HTTP/2 knows how to read (RFC 9113 8.2.3).
    if (name === 'cookie') cookie = cookie === undefined ? value : `${cookie}; ${value}`;
    else head.add(name, value);
  }
  if (cookie !== undefined) head.add('cookie', cookie);
  return undefined;
}

/** The one length that a head states: undefined for none, -1 for one that cannot be. */
export function contentLengthOf(head: HeaderBlock): number | undefined {
  if ((head.known & Known.contentLength) === 0) return undefined;
  const text = head.get('content-length') ?? '';
  return /^(?:0|[1-9]\d{0,14})$/.test(text) ? Number(text) : -1;
}

/** Trailers as they came; undefined when there are none, or when nothing in them may be passed on. */
export function readTrailers(fields: readonly string[]): Trailers | undefined {
  const trailers = new Trailers();
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const name = fields[index] as string;
    const value = fields[index + 1] as string;
    if (isFieldName(name) && isFieldValue(value) && !forbiddenTrailers.has(name)) trailers.add(name, value);
  }
  return trailers.count > 0 ? trailers : undefined;
}
