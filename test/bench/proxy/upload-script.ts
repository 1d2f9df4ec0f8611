/** wrk's Lua for uploads: the whole request as bytes made once, since wrk itself knows no chunks. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Work } from './works.ts';

/** The file to give wrk; undefined for works without a body. */
export function uploadScript(folder: string, { name, upload }: Work): string | undefined {
  if (!upload) return undefined;
  const { bytes, chunkBytes } = upload;
  const framing = chunkBytes === undefined ? `Content-Length: ${bytes}` : 'Transfer-Encoding: chunked';
  const body =
    chunkBytes === undefined
      ? `string.rep("x", ${bytes})`
      : `string.rep("${chunkBytes.toString(16)}\\r\\n" .. string.rep("x", ${chunkBytes}) .. "\\r\\n", ${bytes / chunkBytes}) .. "0\\r\\n\\r\\n"`;
  const path = join(folder, `${name}.lua`);
  writeFileSync(path, `local message = "POST / HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\n${framing}\\r\\n\\r\\n" .. ${body}\nrequest = function() return message end\n`);
  return path;
}
