export { SimulatedTime, settle } from './simulated-time.ts';
export { RecordingLogger, type LoggedEvent } from './recording-logger.ts';
export { SimulatedConnection } from './simulated-connection.ts';
export { SimulatedLinks, SimulatedPipe, type SimulatedLinksOptions } from './simulated-links.ts';
export { SimulatedNetwork, type SimulatedNetworkOptions, type SimulatedNetworkView } from './simulated-network.ts';
export { runScenario, type ScenarioCommand } from './scenario.ts';
export { SimulatedResolver, type SimulatedName } from './simulated-resolver.ts';
