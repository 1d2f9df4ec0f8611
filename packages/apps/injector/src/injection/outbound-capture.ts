/** What a pod says of the connections that its programs open: which are led through the proxy. Pure. */
import { podAnnotations } from './names.ts';
import type { Labels } from './pod.ts';

/** Which of the connections that programs open are led through the proxy, where traffic is captured. */
export interface OutboundCapture {
  /** `*` is every address. Empty: none is led. Default every address. */
  readonly includedCidrs: readonly string[];
  readonly excludedCidrs: readonly string[];
  readonly excludedPorts: readonly number[];
  /** Users whose programs go by themselves, besides the proxy's. */
  readonly excludedUids: readonly number[];
}

/** @param report takes the annotation and what is wrong with it */
export function readOutboundCapture(annotations: Labels, report: (name: string, message: string) => void): OutboundCapture {
  const list = (name: string, isGood: (text: string) => boolean, what: string): string[] => {
    const texts = (annotations[name] ?? '').split(',').map((text) => text.trim()).filter((text) => text !== '');
    const bad = texts.filter((text) => !isGood(text));
    if (bad.length > 0) report(name, `must be ${what}, separated by commas, but had ${bad.map((text) => JSON.stringify(text)).join(', ')}`);
    return texts.filter(isGood);
  };
  const { includeOutboundCidrs, excludeOutboundCidrs, excludeOutboundPorts, excludeOutboundUids } = podAnnotations;
  const cidrs = 'ranges of addresses such as 10.0.0.0/8';
  return {
    includedCidrs: annotations[includeOutboundCidrs] === undefined ? ['*'] : list(includeOutboundCidrs, (text) => text === '*' || isCidr(text), `* or ${cidrs}`),
    excludedCidrs: list(excludeOutboundCidrs, isCidr, cidrs),
    excludedPorts: list(excludeOutboundPorts, isPort, 'ports from 1 to 65535').map(Number),
    excludedUids: list(excludeOutboundUids, isUid, 'numbers of users').map(Number),
  };
}

/** Written as text into a packet filter's rules, so nothing else may be in it. */
function isCidr(text: string): boolean {
  const [, v4, v4Bits] = /^(\d{1,3}(?:\.\d{1,3}){3})\/(\d{1,2})$/.exec(text) ?? [];
  if (v4 !== undefined) return v4.split('.').every((part) => Number(part) <= 255) && Number(v4Bits) <= 32;
  const [, v6 = '', v6Bits] = /^([0-9a-fA-F:]{2,39})\/(\d{1,3})$/.exec(text) ?? [];
  return v6.includes(':') && Number(v6Bits) <= 128 && URL.canParse(`http://[${v6}]`);
}

function isUid(text: string): boolean {
  return /^\d{1,10}$/.test(text) && Number(text) <= 4_294_967_294;
}

export function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535;
}
