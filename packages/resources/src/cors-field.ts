/** The field `cors` of virtual hosts and routes, from before policies were said to the filter itself. */
import type { MessageReader } from './decode/message-reader.ts';
import type { PerFilterConfigs } from './per-filter-config.ts';

/** The message is the same but for its name, and so is its decoder. */
const policyTypeName = 'envoy.extensions.filters.http.cors.v3.CorsPolicy';

/** Under what name the filter finds it: that of the old message, which no filter is called. */
export const corsFieldName = 'envoy.config.route.v3.CorsPolicy';

export function withCorsPolicy(configs: PerFilterConfigs, reader: MessageReader): PerFilterConfigs {
  const policy = reader.read('cors', (json, scope) => {
    const decode = scope.extensions.perFilterConfigs?.[policyTypeName];
    if (!decode) scope.error('is not supported: this proxy does not have the filter that it is for');
    const config = decode?.(json, scope);
    return config === undefined ? undefined : { disabled: false, settings: { typeName: policyTypeName, config } };
  });
  return policy ? new Map([...configs, [corsFieldName, policy]]) : configs;
}
