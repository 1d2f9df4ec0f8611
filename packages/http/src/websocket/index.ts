export { FrameReader, type FrameEvents, type FrameFault } from './frame-reader.ts';
export { CloseCode, closePayload, Opcode, writeFrame } from './frame.ts';
export {
  acceptOf,
  createWebSocketKey,
  findUpgradeFault,
  isUpgradeAccepted,
  writeUpgradeRequest,
  writeUpgradeResponse,
} from './handshake.ts';
