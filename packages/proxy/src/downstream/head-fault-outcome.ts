/** What a client is told about a head that was refused. */
import type { HeadFault } from '@sluice/http';
import type { OutcomeCode } from '../outcome.ts';

export function outcomeOfFault(fault: HeadFault): OutcomeCode {
  switch (fault) {
    case 'unsupported-version':
      return 'unsupported-version';
    case 'unsupported-transfer-encoding':
      return 'unsupported-coding';
    case 'first-line-too-long':
      return 'uri-too-long';
    case 'head-too-large':
      return 'head-too-large';
    case 'too-many-fields':
      return 'too-many-headers';
    default:
      return 'bad-request';
  }
}
