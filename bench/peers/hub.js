// The peer: what is posted to /publish goes to every WebSocket, as in the README of ws.
const http = require('node:http');
const { WebSocket, WebSocketServer } = require('ws');

const server = http.createServer((request, response) => {
  if (request.method !== 'POST') {
    response.end('ok');
    return;
  }
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    const text = Buffer.concat(parts).toString();
    hub.clients.forEach((client) => {
      if (client.readyState === WebSocket.OPEN) client.send(text);
    });
    response.writeHead(202, { 'content-length': 0 }).end();
  });
});
server.keepAliveTimeout = 3600000;
const hub = new WebSocketServer({ server, perMessageDeflate: false });
hub.on('connection', (socket) => socket.on('error', () => {}));
server.listen({ host: '127.0.0.1', port: Number(process.argv[2]), backlog: 4096 });
