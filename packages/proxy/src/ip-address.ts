/** IP addresses and ranges of them: read from configuration, and asked of peers. */
export { isInRange, parseIp, readCidrRange, type CidrRange, type IpBytes } from '@sluice/resources';
