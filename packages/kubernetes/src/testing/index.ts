export { FakeApiServer, type Fault, type RecordedWrite } from './fake-api-server.ts';
export { PushedBody } from './pushed-body.ts';
