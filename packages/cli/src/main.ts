#!/usr/bin/env node
/** The command tree. Each command loads what it needs when it is run, so that `--help` stays quick. */
import { Command, Option } from 'commander';
import type { ProxyFlags } from './proxy/flags.ts';

const program = new Command('sluice')
  .description('A serverless service mesh: Knative serving on a proxy of its own.')
  .version('0.1.0')
  .showHelpAfterError()
  .exitOverride((error) => {
    // commander ends with 1 for wrong usage; 1 means "failed" here, and 2 wrong usage.
    process.exit(error.exitCode === 0 ? 0 : 2);
  });

program
  .command('dev')
  .description('run the whole mesh on this machine, with the services of a folder')
  .argument('[path]', 'a YAML file, or a folder of them', '.')
  .option('--port <number>', "the gateway's port; the next free one if taken, 0 for any", '8080')
  .option('--api-port <number>', "the API server's port, likewise", '6443')
  .option('--state-dir <folder>', 'where objects, logs and the kubeconfig are kept', '.sluice')
  .addHelpText('after', '\nExamples:\n  sluice dev examples/hello\n  sluice dev service.yaml --port 9000')
  .action(async (path: string, flags: { stateDir: string; port: string; apiPort: string }) => {
    const { runDev } = await import('./dev/dev.ts');
    process.exitCode = await runDev(path, flags);
  });

program
  .command('proxy')
  .description('run the proxy engine alone, from an Envoy-style bootstrap')
  .version('0.1.0')
  .option('-c, --config-path <path>', 'the bootstrap: a YAML or JSON file, or a directory of them; reloaded when it is saved')
  .option('--config-yaml <text>', 'YAML that is merged over the bootstrap')
  .option('--mode <mode>', 'serve, validate (only check) or init_only (start, then end)', 'serve')
  .option('--concurrency <number>', 'worker threads; 1 serves in the main thread', '1')
  .option('-l, --log-level <level>', 'trace, debug, info, warning, error, critical or off', 'info')
  .option('--drain-time-s <seconds>', 'after SIGTERM: when what still runs is cut', '600')
  .option('--drain-grace-s <seconds>', 'after SIGTERM: how long connections are still accepted', '0')
  .option('--drain-strategy <strategy>', 'gradual or immediate: which responses ask their clients to leave during the grace', 'gradual')
  .option('--service-cluster <name>', 'node.cluster of the bootstrap')
  .option('--service-node <id>', 'node.id of the bootstrap')
  .option('--service-zone <zone>', 'node.locality.zone of the bootstrap')
  .option('--admin-address-path <file>', "where to write the admin server's address")
  .option('--allow-admin-changes', 'let the admin server change things, by POST')
  .option('--file-flush-interval-msec <ms>', 'how long a line of an access log may wait')
  .option('--allow-unknown-static-fields', 'warn of unknown fields in the bootstrap instead of refusing it')
  .option('--reject-unknown-dynamic-fields', 'refuse dynamic resources with unknown fields')
  .option('--ignore-unknown-dynamic-fields', 'as without it: unknown fields of dynamic resources are left out')
  .addOption(new Option('--component-log-level <levels>', 'accepted, without effect').hideHelp())
  .addOption(new Option('--log-format <format>', 'accepted, without effect').hideHelp())
  .addOption(new Option('--parent-shutdown-time-s <seconds>', 'accepted, without effect').hideHelp())
  .addOption(new Option('--base-id <number>', 'accepted, without effect').hideHelp())
  .addHelpText('after', '\nExamples:\n  sluice proxy -c bootstrap.yaml\n  sluice proxy -c conf.d/ --drain-grace-s 5 --drain-time-s 30\n  sluice proxy -c bootstrap.yaml --mode validate')
  .action(async (flags: ProxyFlags) => {
    const { runProxy } = await import('./proxy/proxy.ts');
    process.exitCode = await runProxy(flags);
  });

await program.parseAsync();
