/** The addresses of a node whose pods have networks of their own. Chosen: the ranges that kubeadm and its usual networks have. */

/** Of the node, as pods and programs beside it know it. The first of the pods' range. */
export const nodeAddress = '10.244.0.1';
/** Of the node, as the way out of each pod; link-local, so that it may stand on every link. */
export const linkAddress = '169.254.1.1';
/** What cluster addresses of Services are taken from; the API server does that. */
export const serviceRange = '10.96.0.0/16';
/** What load balancers' addresses are taken from, for those who come from outside the cluster. */
export const externalRange = '10.97.0.0/16';

/** The pod address of a number from 2 on. */
export function podAddress(number: number): string {
  return `10.244.${(number >> 8) & 255}.${number & 255}`;
}

export function externalAddress(number: number): string {
  return `10.97.${(number >> 8) & 255}.${number & 255}`;
}
