/** The options of `sluice proxy`: one table for whoever reads a command line and whoever explains it. */

export interface ProxyOption {
  /** `--drain-time-s`. */
  readonly flag: string;
  /** `-c`. */
  readonly short?: string;
  /** What its value is called. Absent: it is there or not, and takes no value. */
  readonly value?: string;
  readonly description: string;
  readonly default?: string;
  /** Accepted, and not shown. */
  readonly isHidden?: boolean;
}

export const proxyOptions: readonly ProxyOption[] = [
  { flag: '--config-path', short: '-c', value: 'path', description: 'the bootstrap: a YAML or JSON file, or a directory of them; reloaded when it is saved' },
  { flag: '--config-yaml', value: 'text', description: 'YAML that is merged over the bootstrap' },
  { flag: '--mode', value: 'mode', description: 'serve, validate (only check) or init_only (start, then end)', default: 'serve' },
  { flag: '--concurrency', value: 'number', description: 'worker threads; 1 serves in the main thread', default: '1' },
  { flag: '--log-level', short: '-l', value: 'level', description: 'trace, debug, info, warning, error, critical or off', default: 'info' },
  { flag: '--drain-time-s', value: 'seconds', description: 'after SIGTERM: when what still runs is cut', default: '600' },
  { flag: '--drain-grace-s', value: 'seconds', description: 'after SIGTERM: how long connections are still accepted', default: '0' },
  { flag: '--drain-strategy', value: 'strategy', description: 'gradual or immediate: which responses ask their clients to leave during the grace', default: 'gradual' },
  { flag: '--service-cluster', value: 'name', description: 'node.cluster of the bootstrap' },
  { flag: '--service-node', value: 'id', description: 'node.id of the bootstrap' },
  { flag: '--service-zone', value: 'zone', description: 'node.locality.zone of the bootstrap' },
  { flag: '--admin-address-path', value: 'file', description: "where to write the admin server's address" },
  { flag: '--config-cache-path', value: 'file', description: 'where to keep what config services said last, to start with when they are away (not in Envoy)' },
  { flag: '--allow-admin-changes', description: 'let the admin server change things, by POST' },
  { flag: '--file-flush-interval-msec', value: 'ms', description: 'how long a line of an access log may wait' },
  { flag: '--allow-unknown-static-fields', description: 'warn of unknown fields in the bootstrap instead of refusing it' },
  { flag: '--reject-unknown-dynamic-fields', description: 'refuse dynamic resources with unknown fields' },
  { flag: '--ignore-unknown-dynamic-fields', description: 'as without it: unknown fields of dynamic resources are left out' },
  { flag: '--component-log-level', value: 'levels', description: 'accepted, without effect', isHidden: true },
  { flag: '--log-format', value: 'format', description: 'accepted, without effect', isHidden: true },
  { flag: '--parent-shutdown-time-s', value: 'seconds', description: 'accepted, without effect', isHidden: true },
  { flag: '--base-id', value: 'number', description: 'accepted, without effect', isHidden: true },
];
