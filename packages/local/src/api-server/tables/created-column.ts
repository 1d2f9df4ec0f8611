/** When an object was made, as a date: for kinds whose age nobody asks for. */
import { objectAt, textAt } from '../json.ts';
import type { Column } from './column.ts';

export const CREATED_COLUMN: Column = {
  name: 'Created At',
  type: 'date',
  format: '',
  description: 'When the server made this object',
  priority: 0,
  cell: (one) => textAt(objectAt(one, 'metadata'), 'creationTimestamp'),
};
