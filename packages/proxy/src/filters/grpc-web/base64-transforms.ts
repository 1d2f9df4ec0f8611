/** Bodies in base64, as `application/grpc-web-text` has them: in pieces, each of which may end with padding. */
import { Buffer } from 'node:buffer';
import type { BodyTransform, TransformSink } from '../../body-transform.ts';

/** Out of base64. What is none is an error. */
export function createBase64Decoder(sink: TransformSink, onBroken: () => void): BodyTransform {
  let rest = '';
  return {
    write(bytes) {
      const text = rest + bytes.toString('latin1');
      const whole = text.length - (text.length % 4);
      rest = text.slice(whole);
      const groups = text.slice(0, whole);
      if (!/^(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)*$/.test(groups)) onBroken();
      // Padding may stand between groups, where pieces were encoded one by one.
      else for (const piece of groups.match(/[^=]+={0,2}/g) ?? []) sink.onData(Buffer.from(piece, 'base64'));
      return true;
    },
    end() {
      if (rest === '') sink.onEnd();
      else onBroken();
    },
    pause() {},
    resume() {},
    close() {},
  };
}

/** Into base64, piece by piece. */
export function encodeBase64(bytes: Uint8Array): Buffer {
  return Buffer.from(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64'), 'latin1');
}
