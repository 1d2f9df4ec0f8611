/** Why a handshake did not come about, in one line that can stand in a log. */

/** Shaped as Envoy's, so that what looks for that finds it: `TLS_error:|CERTIFICATE_VERIFY_FAILED:…:TLS_error_end`. */
export function describeTlsFailure(detail: string): string {
  return `TLS_error:|${detail}:TLS_error_end`;
}
