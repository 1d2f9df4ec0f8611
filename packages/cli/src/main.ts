#!/usr/bin/env node
/** The command tree. Each command loads what it needs when it is run, so that `--help` stays quick. */
import { Command, Option } from 'commander';
import type { ExplainFlags } from './autoscaler/explain.ts';
import type { SimulateFlags } from './autoscaler/simulate.ts';
import type { PcFlags, PcStreams } from './inspect/pc/pc.ts';
import type { PsFlags } from './inspect/ps/ps.ts';
import { createProxyCommand, endForUsage } from './proxy/command.ts';
import type { TranslateFlags } from './translate/translate.ts';

const streams: PcStreams = {
  write: (text) => void process.stdout.write(text),
  say: (line) => void process.stderr.write(`${line}\n`),
};

const program = new Command('sluice')
  .description('A serverless service mesh: Knative serving on a proxy of its own.')
  .version('0.1.0')
  .showHelpAfterError()
  .exitOverride(endForUsage);

program
  .command('dev')
  .description('run the whole mesh on this machine, with the services of a folder')
  .argument('[path]', 'a YAML file, or a folder of them', '.')
  .option('--port <number>', "the gateway's port; the next free one if taken, 0 for any", '8080')
  .option('--https-port <number>', 'serve HTTPS too, at this port, likewise, by certificates of an authority of its own')
  .option('--api-port <number>', "the API server's port, likewise", '6443')
  .option('--state-dir <folder>', 'where objects, logs and the kubeconfig are kept', '.sluice')
  .addHelpText('after', '\nExamples:\n  sluice dev examples/hello\n  sluice dev service.yaml --port 9000')
  .action(async (path: string, flags: { stateDir: string; port: string; httpsPort?: string; apiPort: string }) => {
    const { runDev } = await import('./dev/dev.ts');
    process.exitCode = await runDev(path, flags);
  });

program.addCommand(
  createProxyCommand(async (flags) => {
    const { runProxy } = await import('./proxy/proxy.ts');
    return runProxy(flags);
  }),
);

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

program
  .command('translate')
  .description('print what proxies would be told of objects, without a cluster')
  .requiredOption('-f, --filename <path...>', 'YAML or JSON files, folders of them, or - for the standard input')
  .addOption(new Option('--to <form>', 'what to translate to').choices(['xds']).default('xds'))
  .addOption(new Option('-o, --output <format>', 'how to print it').choices(['yaml', 'json']).default('yaml'))
  .option('--group <name>', 'of one node group only, such as sluice-gateway')
  .addHelpText('after', '\nExamples:\n  sluice translate -f service.yaml\n  cat *.yaml | sluice translate -f - -o json --group sluice-gateway')
  .action(async (flags: TranslateFlags) => {
    const { translateCommand } = await import('./translate/command.ts');
    process.exitCode = translateCommand(flags);
  });

program
  .command('images')
  .description('make what the images of the components hold: bundles, Node, bills of materials')
  .option('-o, --out <folder>', 'where to', 'dist/images')
  .addHelpText('after', '\nExample:\n  sluice images\n  docker build -f packages/apps/gateway/Dockerfile -t sluice.dev/gateway:0.1.0 dist/images')
  .action(async ({ out }: { out: string }) => {
    const { makeImages } = await import('./images/make-images.ts');
    await makeImages({ folder: out, tell: streams.say });
  });

const autoscaler = program.command('autoscaler').description('why a revision has the pods it has, and what if');

/** What both ask of a recording. */
function withReplay(command: Command): Command {
  return command
    .option('--set <annotation=value...>', "over the revision's own annotations: target=5")
    .option('--config <key=value...>', 'of config-autoscaler: stable-window=30s')
    .option('--pod-start <duration>', 'how long a pod takes to be ready', '2s')
    .option('--as-recorded', 'pods become ready as they did, and not as is decided here');
}

withReplay(autoscaler.command('explain').argument('[revision]', 'namespace/name, or a name in default; all when nothing is given'))
  .description('the arithmetic of the last decision')
  .option('--autoscaler <address>', 'where a running one serves its metrics', '127.0.0.1:9090')
  .option('-f, --file <path>', 'a recorded load instead; - for standard input')
  .option('--at <duration>', 'the moment of the recording; its end when nothing is given')
  .addHelpText('after', '\nExamples:\n  sluice autoscaler explain hello-00001\n  sluice autoscaler explain -f load.jsonl --at 12s')
  .action(async (revision: string | undefined, flags: ExplainFlags) => {
    const { runExplain } = await import('./autoscaler/explain.ts');
    process.exitCode = await runExplain(revision, flags, streams);
  });

withReplay(autoscaler.command('simulate').argument('<recording>', "a file that an autoscaler with --record-load wrote; - for standard input"))
  .description('what would be decided under a recorded load, by the same code as in a cluster')
  .option('--revision <namespace/name>', 'which of those recorded')
  .option('--all', 'every tick, not only changes')
  .option('-o, --output <format>', 'wide, json or yaml')
  .addHelpText('after', '\nExamples:\n  sluice autoscaler simulate load.jsonl\n  sluice autoscaler simulate load.jsonl --set target=5 --set scale-down-delay=1m --pod-start 8s')
  .action(async (recording: string, flags: SimulateFlags) => {
    const { runSimulate } = await import('./autoscaler/simulate.ts');
    process.exitCode = runSimulate(recording, flags, streams);
  });

await program.parseAsync();
