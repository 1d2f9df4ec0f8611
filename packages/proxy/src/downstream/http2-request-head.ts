/** The head of an HTTP/2 request as a `RequestHead`, under the same rules as the ones of HTTP/1 (RFC 9113 8.3.1). */
import { Buffer } from 'node:buffer';
import { isAuthority, isFieldName, isOriginForm, RequestHead, type HeadLimits } from '@sluice/http';
import { contentLengthOf, readFields } from '../http2-fields.ts';
import type { OutcomeCode } from '../outcome.ts';

/**
 * Fills `head` and says what it is to be refused with, if it is. nghttp2 has looked at most of it; here is decided,
 * since what passes here may be written to HTTP/1.
 */
export function readHttp2RequestHead(fields: readonly string[], endsStream: boolean, limits: HeadLimits, head: RequestHead): OutcomeCode | undefined {
  const pseudo: Pseudo = {};
  const fault = readFields(fields, head, (name, value) => {
    if (!isPseudoName(name) || pseudo[name] !== undefined) return false;
    pseudo[name] = value;
    return true;
  });
  if (fault !== undefined) return 'malformed-request';
  if (head.count > limits.fieldsMax) return 'too-many-headers';
  if (head.fieldBytesMax + (pseudo[':path']?.length ?? 0) > limits.headBytesMax) return 'head-too-large';
  return readPseudo(pseudo, head) && frame(head, endsStream) ? undefined : 'malformed-request';
}

type PseudoName = ':method' | ':scheme' | ':authority' | ':path';
type Pseudo = { [name in PseudoName]?: string };

function isPseudoName(name: string): name is PseudoName {
  return name === ':method' || name === ':scheme' || name === ':authority' || name === ':path';
}

function readPseudo(pseudo: Pseudo, head: RequestHead): boolean {
  const { ':method': method = '', ':scheme': scheme, ':authority': authority = head.get('host') ?? '', ':path': path = '' } = pseudo;
  const host = head.get('host');
  // Who is asked for must not depend on who reads it.
  if (host !== undefined && host.toLowerCase() !== authority.toLowerCase()) return false;
  if (!isFieldName(method) || authority === '' || !isAuthorityText(authority)) return false;
  head.method = method;
  head.setAuthority(authority);
  if (method === 'CONNECT') {
    head.path = authority;
    return scheme === undefined && pseudo[':path'] === undefined;
  }
  if (scheme !== 'http' && scheme !== 'https') return false;
  head.path = path;
  return path === '*' ? method === 'OPTIONS' : isOriginForm(path);
}

function isAuthorityText(text: string): boolean {
  const bytes = Buffer.from(text, 'utf8');
  return isAuthority(bytes, 0, bytes.length);
}

/** nghttp2 counts the bytes of the body against the length stated. */
function frame(head: RequestHead, endsStream: boolean): boolean {
  const contentLength = contentLengthOf(head);
  if (contentLength === -1) return false;
  if (endsStream) return contentLength === undefined || contentLength === 0;
  head.framing = contentLength === undefined ? 'chunked' : contentLength === 0 ? 'none' : 'length';
  head.contentLength = contentLength ?? 0;
  return true;
}
