/**
 * Which bytes may stand where (RFC 9110 5.5 and 5.6.2, RFC 9112 3). One table of flags, so that a check in a
 * parser's loop is a load and a test.
 */

/** `tchar`: method names and field names. */
export const tokenFlag = 1;
/** Field values: visible characters, space, tab and bytes above 0x7f. */
export const valueFlag = 2;
/** Request targets: visible ASCII without `#`, which no client may send. */
export const targetFlag = 4;
/** The host part of an authority: unreserved, percent-encoding, sub-delims, brackets and colon. */
export const authorityFlag = 8;

export const characterFlags: Uint8Array = buildTable();

function buildTable(): Uint8Array {
  const table = new Uint8Array(256);
  const tokens = "!#$%&'*+-.^_`|~";
  const authority = "-._~%!$&'()*+,;=[]:";
  for (let code = 0; code < 256; code += 1) {
    const letter = String.fromCharCode(code);
    const alphanumeric = /^[0-9A-Za-z]$/.test(letter);
    let flags = 0;
    if (alphanumeric || tokens.includes(letter)) flags |= tokenFlag;
    if (code === 9 || (code >= 32 && code !== 127)) flags |= valueFlag;
    if (code > 32 && code < 127 && letter !== '#') flags |= targetFlag;
    if (alphanumeric || authority.includes(letter)) flags |= authorityFlag;
    table[code] = flags;
  }
  return table;
}

export function isFieldName(text: string): boolean {
  return text.length > 0 && consistsOf(text, tokenFlag);
}

/** False for control characters and for characters that do not fit in a byte. */
export function isFieldValue(text: string): boolean {
  return consistsOf(text, valueFlag);
}

/** A path with its query, in origin form, out of characters that a request line may hold. */
export function isOriginForm(text: string): boolean {
  return text.startsWith('/') && consistsOf(text, targetFlag);
}

function consistsOf(text: string, flag: number): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code > 255 || ((characterFlags[code] as number) & flag) === 0) return false;
  }
  return true;
}
