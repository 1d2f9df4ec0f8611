#!/usr/bin/env node
/** The command tree. Each command loads what it needs when it is run, so that `--help` stays quick. */
import { Command, Option } from 'commander';
import type { PcFlags, PcStreams } from './inspect/pc/pc.ts';
import type { PsFlags } from './inspect/ps/ps.ts';
import type { ProxyFlags } from './proxy/flags.ts';

const streams: PcStreams = {
  write: (text) => void process.stdout.write(text),
  say: (line) => void process.stderr.write(`${line}\n`),
};

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

program
  .command('ps')
  .description('who follows the config service, how far, and what it refuses')
  .argument('[proxy]', 'the name of one, or a part of it: its types one per row')
  .addOption(new Option('--xds-address <address>', 'where the config service serves CSDS').env('SLUICE_CONFIG_SERVICE').default('127.0.0.1:18000'))
  .option('--group <name>', 'only proxies of this group (node.cluster)')
  .option('-o, --output <format>', 'wide, json or yaml')
  .addHelpText('after', '\nExamples:\n  sluice ps\n  sluice ps gateway --xds-address 10.0.0.7:18000\n  sluice ps -o wide')
  .action(async (proxy: string | undefined, flags: PsFlags) => {
    const { runPs } = await import('./inspect/ps/ps.ts');
    process.exitCode = await runPs(proxy, flags, streams);
  });

const pc = program
  .command('pc')
  .description('what a proxy has been told: its listeners, routes, clusters and endpoints')
  .addHelpText('after', '\nExamples:\n  sluice pc listeners\n  sluice pc routes 127.0.0.1:9901 --fqdn hello.default.example.com\n  sluice pc endpoints --name default/hello-00001 -o wide\n  sluice pc clusters -f dump.json -o yaml');

/** Each kind of resource has the same flags, and some of its own. */
function pcCommand(kind: 'listeners' | 'routes' | 'clusters' | 'endpoints', what: string): Command {
  return pc
    .command(kind)
    .alias(kind.slice(0, -1))
    .description(what)
    .argument('[proxy]', "its admin server: host:port or a URL; localhost:9901 when nothing is given")
    .option('-f, --file <path>', 'a saved /config_dump instead of a proxy; - for standard input')
    .option('-o, --output <format>', 'wide, json or yaml')
    .action(async (proxy: string | undefined, flags: PcFlags) => {
      const { runPc } = await import('./inspect/pc/pc.ts');
      process.exitCode = await runPc(kind, proxy, flags, streams);
    });
}

pcCommand('listeners', 'where it listens, for whom, and what becomes of it')
  .option('--name <name>', "the listener's name")
  .option('--address <address>', 'where it listens')
  .option('--port <port>', 'its port');
pcCommand('routes', 'which host and path leads where')
  .option('--name <name>', "the route configuration's name")
  .option('--fqdn <host>', 'a host, by the domains that cover it');
pcCommand('clusters', 'what requests can be sent to')
  .option('--name <name>', "the cluster's name")
  .option('--fqdn <host>', 'a part of its name')
  .option('--port <port>', 'the port in a name as Istio gives it');
pcCommand('endpoints', "where a cluster's requests may go, and whether they should")
  .option('--name <name>', "the cluster's name")
  .option('--fqdn <host>', "a part of the cluster's name")
  .option('--address <address>', "the endpoint's address")
  .option('--port <port>', "the endpoint's port")
  .option('--status <status>', 'healthy, unhealthy, draining, degraded');

await program.parseAsync();
