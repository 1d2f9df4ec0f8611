/** A conversation with something wrong in it: bytes within frames, whole frames, or the heads of frames. */
import { Buffer } from 'node:buffer';
import { randomInt, type Random } from '@sluice/kernel';

const prefaceBytes = 24;
const frameHeadBytes = 9;

export function mutateFrames(conversation: Buffer, random: Random): Buffer {
  const frames = split(conversation);
  const changes = 1 + randomInt(random, 3);
  for (let count = 0; count < changes; count += 1) mutateOne(frames, random);
  return Buffer.concat([conversation.subarray(0, prefaceBytes), ...frames]);
}

function split(conversation: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = prefaceBytes; at + frameHeadBytes <= conversation.length; ) {
    const end = at + frameHeadBytes + conversation.readUIntBE(at, 3);
    frames.push(Buffer.from(conversation.subarray(at, end)));
    at = end;
  }
  return frames;
}

function mutateOne(frames: Buffer[], random: Random): void {
  // SETTINGS, the first, stays: without it nothing is read.
  const index = 1 + randomInt(random, Math.max(1, frames.length - 1));
  const frame = frames[index];
  if (!frame) return;
  switch (randomInt(random, 7)) {
    case 0:
      frames.splice(index, 1);
      break;
    case 1:
      frames.splice(index, 0, Buffer.from(frame));
      break;
    case 2:
      frame[3 + randomInt(random, 6)] = randomInt(random, 256);
      break;
    case 3: {
      const cut = frame.subarray(0, frameHeadBytes + randomInt(random, Math.max(1, frame.length - frameHeadBytes)));
      cut.writeUIntBE(cut.length - frameHeadBytes, 0, 3);
      frames[index] = cut;
      break;
    }
    default:
      if (frame.length > frameHeadBytes) frame[frameHeadBytes + randomInt(random, frame.length - frameHeadBytes)] = randomInt(random, 256);
  }
}
