export { HeaderBlock, createHeaderLine, type HeaderLine } from './header-block.ts';
export { Known } from './known-headers.ts';
export { RequestHead, ResponseHead, Trailers, type BodyFraming } from './message-head.ts';
export { isFieldName, isFieldValue } from './characters.ts';
