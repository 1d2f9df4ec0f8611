/**
 * Runs the table against the cluster that KUBECONFIG names: in namespaces and with definitions of its own, which it takes away again.
 * It needs the rights to make both.
 *
 *     KUBECONFIG=~/.kube/config node test/conformance/kubernetes/client/main.ts [words of names of cases]
 */
import { systemClock } from '@sluice/kernel';
import { findClusterAccess, HttpTransport } from '@sluice/kubernetes';
import { runCase, table } from './table.ts';

const kubeconfig = process.env['KUBECONFIG'];
if (!kubeconfig) throw new Error('set KUBECONFIG: no cluster is meant by default');
const wanted = process.argv.slice(2).join(' ');
const transport = new HttpTransport({ access: await findClusterAccess({ KUBECONFIG: kubeconfig }), clock: systemClock, environment: process.env });
const started = Date.now().toString(36);
let [passed, failed] = [0, 0];
for (const [theme, cases] of Object.entries(table)) {
  for (const one of cases.filter(({ name }) => name.includes(wanted))) {
    try {
      await runCase(one, transport, `${started}-${passed + failed}`);
      passed += 1;
      process.stdout.write(`ok    ${theme}: ${one.name}\n`);
    } catch (error) {
      failed += 1;
      process.stdout.write(`FAILS ${theme}: ${one.name}\n      ${error instanceof Error ? error.message : String(error)}\n`);
    }
  }
}
await transport.close();
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
