/** DirectResponseAction, compiled: its text is read once, and formatted per request only where it has a format. */
import { Buffer } from 'node:buffer';
import type { DirectResponseAction as DirectResponse } from '@sluice/resources';
import { compileBodyFormat } from '../access-log/body-format.ts';
import type { DirectResponseAction } from '../route-match.ts';
import type { CompileSession } from './compile-session.ts';

/** `bytesMax` is the table's `max_direct_response_body_size_bytes`. */
export function compileDirectResponse({ status, body, bodyFormat }: DirectResponse, bytesMax: number, path: string, session: CompileSession): DirectResponseAction {
  const text = body === undefined ? '' : readBody(body, bytesMax, `${path}.body`, session);
  if (!bodyFormat) return { kind: 'direct-response', status, body: text };
  const { format, contentType } = compileBodyFormat(bodyFormat, `${path}.body_format`, session, session.environment);
  return {
    kind: 'direct-response',
    status,
    body: text,
    contentType,
    format(source) {
      source.info.localReplyBody = text;
      source.info.status = status;
      return format(source);
    },
  };
}

function readBody(body: NonNullable<DirectResponse['body']>, bytesMax: number, path: string, session: CompileSession): string {
  try {
    const text = session.environment.sources.read(body);
    const bytes = Buffer.byteLength(text);
    if (bytes <= bytesMax) return text;
    session.error(path, `has ${bytes} bytes, must have at most ${bytesMax}`);
  } catch (reason) {
    session.error(path, `cannot be read: ${reason instanceof Error ? reason.message : String(reason)}`);
  }
  return '';
}
