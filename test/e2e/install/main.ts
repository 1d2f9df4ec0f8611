/** The cluster alone, for looking around: prints how helm and kubectl reach it, and ends with Ctrl-C. */
import { Cluster, clusterMissing } from './cluster.ts';

if (clusterMissing !== undefined) throw new Error(clusterMissing);
const cluster = new Cluster();
await cluster.start({ fromSources: true });
process.stdout.write(`${cluster.onNode.join(' ')} env KUBECONFIG=${cluster.folder}/kubeconfig bash\n`);
const end = async (): Promise<void> => {
  await cluster.stop();
  process.exit(0);
};
process.on('SIGINT', () => void end());
process.on('SIGTERM', () => void end());
