import { describe, expect, it } from 'vitest';
import { decodeKubernetesProtobuf } from './decode.ts';

const fromHex = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));

describe('a body in Kubernetes protobuf', () => {
  it('of a ConfigMap, as kubectl 1.32 sends it', () => {
    const body = '6b3873000a0f0a0276311209436f6e6669674d617012230a110a017712001a0022002a0032003800420012060a016112013112060a01621201321a002200';
    expect(decodeKubernetesProtobuf(fromHex(body))).toEqual({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'w' },
      data: { a: '1', b: '2' },
    });
  });

  it('keeps a zero that was meant, drops one that is only the absence of a value', () => {
    // Deployment, spec { replicas: 0 (a pointer), minReadySeconds: 0 (not one) }
    const body = '6b3873000a150a07617070732f7631120a4465706c6f796d656e741206120408002800';
    expect(decodeKubernetesProtobuf(fromHex(body))['spec']).toEqual({ replicas: 0 });
  });

  it.each([
    ['a kind outside the tables', '6b3873000a090a02763112034a6f621200', 'Job is not read in protobuf here'],
    ['a field outside the tables', '6b3873000a0f0a0276311209436f6e6669674d61701204ca3e0178', 'field 1001 of ConfigMap is not read'],
    ['bytes that end early', '6b3873000a0f0a02', 'reaches beyond its message'],
    ['something else', '7b7d', 'does not begin as Kubernetes protobuf does'],
  ])('refuses %s', (_title, hex, words) => {
    expect(() => decodeKubernetesProtobuf(fromHex(hex))).toThrow(words);
  });
});
