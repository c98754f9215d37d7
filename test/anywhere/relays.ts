// What can stand before a store: TLS with a certificate, and a proxy.
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';

export type Relay = {
  readonly port: number;
  /** Where a proxy was asked to go. */
  readonly asked: readonly string[];
  readonly stop: () => void;
};

/** Speaks TLS, and hands what it hears to `port`. */
export function startTls(
  port: number,
  certificate: { readonly key: string; readonly cert: string },
): Promise<Relay> {
  const server = createTlsServer(certificate, (client) => join(client, port));
  // A client that does not trust it hangs up.
  server.on('tlsClientError', () => undefined);
  return listen(server, []);
}

/** Takes every name for this machine. */
export function startProxy(): Promise<Relay> {
  const asked: string[] = [];
  const server = createServer();
  server.on('connect', (request, client: Socket) => {
    asked.push(request.url ?? '');
    client.write('HTTP/1.1 200 Connection established\r\n\r\n');
    join(client, Number(request.url?.split(':').at(-1)));
  });
  return listen(server, asked);
}

function join(client: Socket, port: number): void {
  const store = connect(port, '127.0.0.1');
  for (const [from, to] of [
    [client, store],
    [store, client],
  ] as const) {
    from.on('error', () => to.destroy());
    from.pipe(to);
  }
}

function listen(server: Server, asked: readonly string[]): Promise<Relay> {
  return new Promise((done) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      done({ port, asked, stop: () => server.close() });
    });
  });
}
