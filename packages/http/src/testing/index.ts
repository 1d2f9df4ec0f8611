export { readRequest, readResponse, type ReadMessage } from './read-message.ts';
