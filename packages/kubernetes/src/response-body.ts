/** Reading bodies: whole, or line by line as they come. */
import type { ApiResponse } from './transport.ts';

/** The whole body as text. */
export async function readBody(response: ApiResponse): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const bytes of response.body) text += decoder.decode(bytes, { stream: true });
  return text + decoder.decode();
}

/**
 * Cuts a body into lines, wherever the pieces break, also inside a character. A last line without its end
 * was cut off on the way and is dropped.
 */
export class LineSplitter {
  readonly #decoder = new TextDecoder();
  #rest = '';

  /** The lines that are complete now, empty ones left out. */
  push(bytes: Uint8Array): string[] {
    this.#rest += this.#decoder.decode(bytes, { stream: true });
    if (!this.#rest.includes('\n')) return [];
    const lines = this.#rest.split('\n');
    this.#rest = lines.pop() ?? '';
    return lines.filter((line) => line !== '');
  }
}
