#!/usr/bin/env node
/** The command tree. Each command loads what it needs when it is run, so that `--help` stays quick. */
import { Command, Option } from 'commander';

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
  .requiredOption('-c, --config-path <file>', 'the bootstrap, YAML or JSON')
  .addOption(new Option('--mode <mode>', 'validate only checks the file').choices(['serve', 'validate']).default('serve'))
  .option('-l, --log-level <level>', 'debug, info, warn or error', 'info')
  .option('--drain-time-s <seconds>', 'how long requests may finish after SIGTERM', '600')
  .addHelpText('after', '\nExamples:\n  sluice proxy -c bootstrap.yaml\n  sluice proxy -c bootstrap.yaml --mode validate')
  .action(async (flags: { configPath: string; mode: 'serve' | 'validate'; logLevel: string; drainTimeS: string }) => {
    const { runProxy } = await import('./proxy/proxy.ts');
    process.exitCode = await runProxy(flags);
  });

await program.parseAsync();
