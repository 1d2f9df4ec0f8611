/** Numbers of TLS under Envoy's names: of a listener's handshakes with clients, or of a cluster's with its hosts. */
import type { Counter, LabelValues, Meter, TlsFacts } from '@sluice/kernel';
import type { PeerFault } from './peer-policy.ts';

export class TlsStatistics {
  readonly connectionErrors: Counter;
  /** Contexts that others have taken the place of. */
  readonly renewals: Counter;
  readonly renewalFailures: Counter;
  /** Connections that were ended because a secret had not come. */
  readonly secretsNotReady: Counter;
  readonly #handshakes: Counter;
  readonly #resumed: Counter;
  readonly #withoutCertificate: Counter;
  readonly #faults: Readonly<Record<PeerFault, Counter>>;
  readonly #meter: Meter;
  readonly #prefix: string;
  readonly #labels: LabelValues;
  /** Of versions, ciphers and curves, as far as they have been seen: there are few. */
  readonly #agreed = new Map<string, Counter>();

  /** @param scope `listener` or `cluster`; labels say which one */
  constructor(meter: Meter, scope: 'listener' | 'cluster', labels: LabelValues) {
    const prefix = `envoy_${scope}_ssl`;
    const counter = (name: string, help: string) => meter.counter(`${prefix}_${name}`, help, labels);
    this.#meter = meter;
    this.#prefix = prefix;
    this.#labels = labels;
    this.connectionErrors = counter('connection_error', 'handshakes that failed, but for what certificates say');
    this.#handshakes = counter('handshake', 'handshakes that came about');
    this.#resumed = counter('session_reused', 'handshakes that took up a session again');
    this.#withoutCertificate = counter('no_certificate', 'handshakes in which the peer showed no certificate');
    this.#faults = {
      fail_verify_no_cert: counter('fail_verify_no_cert', 'handshakes without the certificate that is required'),
      fail_verify_error: counter('fail_verify_error', 'handshakes with a certificate that leads to nothing trusted'),
      fail_verify_san: counter('fail_verify_san', 'handshakes with a certificate for other names'),
      fail_verify_cert_hash: counter('fail_verify_cert_hash', 'handshakes with a certificate that is not pinned'),
    };
    const factory = `envoy_${scope}_${scope === 'listener' ? 'server' : 'client'}_ssl_socket_factory`;
    const side = scope === 'listener' ? 'downstream' : 'upstream';
    this.renewals = meter.counter(`${factory}_ssl_context_update_by_sds`, 'contexts exchanged because secrets or files have changed', labels);
    this.renewalFailures = meter.counter(`${factory}_ssl_context_update_failed`, 'changed secrets or files of which no context could be made', labels);
    this.secretsNotReady = meter.counter(`${factory}_${side}_context_secrets_not_ready`, 'connections ended because a secret had not come', labels);
  }

  countFault(fault: PeerFault): void {
    this.#faults[fault].add();
  }

  countHandshake(facts: TlsFacts): void {
    this.#handshakes.add();
    if (facts.isResumed) this.#resumed.add();
    if (!facts.isResumed && !facts.peerCertificate) this.#withoutCertificate.add();
    this.#countAgreed('versions', 'envoy_ssl_version', facts.version);
    this.#countAgreed('ciphers', 'envoy_ssl_cipher', facts.cipher);
  }

  #countAgreed(name: string, label: string, value: string): void {
    const key = `${name} ${value}`;
    let counter = this.#agreed.get(key);
    if (!counter) {
      counter = this.#meter.counter(`${this.#prefix}_${name}`, 'handshakes that agreed on it', { ...this.#labels, [label]: value });
      this.#agreed.set(key, counter);
    }
    counter.add();
  }
}
