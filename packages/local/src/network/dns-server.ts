/** The cluster's DNS, over UDP. Names outside the cluster are unknown: there is no way out of it. */
import { createSocket, type Socket } from 'node:dgram';
import type { NameAnswer } from './cluster-names.ts';
import { readQuestion, writeAnswer } from './dns-message.ts';

export class DnsServer {
  readonly #lookUp: (name: string) => NameAnswer;
  #socket: Socket | undefined;

  constructor(lookUp: (name: string) => NameAnswer) {
    this.#lookUp = lookUp;
  }

  /** @returns the port @throws the system's error when the address cannot be bound */
  start(address: string, port = 53): Promise<number> {
    const socket = createSocket('udp4');
    this.#socket = socket;
    socket.on('message', (message, from) => {
      const question = readQuestion(message);
      if (question) socket.send(writeAnswer(question, this.#lookUp(question.name)), from.port, from.address);
    });
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(port, address, () => {
        // Later ones are about single answers that reached nobody.
        socket.off('error', reject).on('error', () => {});
        resolve(socket.address().port);
      });
    });
  }

  stop(): Promise<void> {
    return new Promise((resolve) => (this.#socket ? this.#socket.close(() => resolve()) : resolve()));
  }
}
