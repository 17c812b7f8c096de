# SPDX-License-Identifier: BSD-2-Clause
"""Sockets, select, poll, epoll, asyncio, an HTTP server, eventfd, descriptors sent by messages."""
import asyncio, http.server, os, select, socket, threading, urllib.request

left, right = socket.socketpair()
left.sendall(b"x" * 5)
print(right.recv(100), select.select([right], [right], [], 0)[1] == [right])
poll = select.poll()
poll.register(right, select.POLLIN)
print("nothing", poll.poll(50))
left.send(b"y")
print("poll", [e for _, e in poll.poll(5000)])
epoll = select.epoll()
epoll.register(right, select.EPOLLIN | select.EPOLLET)
print("epoll", [e for _, e in epoll.poll(5)], epoll.poll(0.05))
left.close()
print("hup", right.recv(10), right.recv(10))

a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
r, w = os.pipe()
socket.send_fds(a, [b"fd"], [w])
message, fds, flags, _ = socket.recv_fds(b, 10, 3)
os.write(fds[0], b"by the other name")
print(message, len(fds), os.read(r, 100))

server = socket.create_server(("127.0.0.1", 0))


def echo():
    connection, _ = server.accept()
    with connection:
        while data := connection.recv(4096):
            connection.sendall(data.upper())


thread = threading.Thread(target=echo)
thread.start()
with socket.create_connection(server.getsockname()) as client:
    client.settimeout(20)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for i in range(100):
        client.sendall(b"hello %d" % i)
        got = client.recv(4096)
    client.sendall(os.urandom(0) + b"z" * 300000)
    n = 0
    while n < 300000:
        n += len(client.recv(65536))
    print(got, n)
thread.join()

udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("127.0.0.1", 0))
udp.sendto(b"datagram", udp.getsockname())
print(udp.recvmsg(100)[0])
try:
    closed = socket.create_server(("127.0.0.1", 0))
    name = closed.getsockname()
    closed.close()
    socket.create_connection(name)
except ConnectionRefusedError as e:
    print(e)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = self.path.encode() * 100
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=httpd.serve_forever, daemon=True).start()
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
for path in ("/a", "/bc"):
    with opener.open("http://127.0.0.1:%d%s" % (httpd.server_address[1], path), timeout=20) as f:
        print(f.status, len(f.read()))
httpd.shutdown()


async def main():
    async def serve(reader, writer):
        while line := await reader.readline():
            writer.write(line[::-1])
            await writer.drain()
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]

    async def client(n):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"line %d\n" % n)
        writer.write_eof()
        answer = await reader.read()
        writer.close()
        return answer

    print(sorted(await asyncio.gather(*(client(i) for i in range(10)))))
    process = await asyncio.create_subprocess_exec("tr", "a-z", "A-Z", stdin=-1, stdout=-1)
    print((await process.communicate(b"by asyncio"))[0], process.returncode)
    try:
        await asyncio.wait_for(asyncio.sleep(100), 0.05)
    except asyncio.TimeoutError:
        print("timed out")
    listening.close()


asyncio.run(main())
if hasattr(os, "eventfd"):
    e = os.eventfd(3)
    os.eventfd_write(e, 4)
    d = os.dup(e)
    print("eventfd", os.eventfd_read(d))
