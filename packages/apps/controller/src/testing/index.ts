export { ControllerWorld } from './controller-world.ts';
