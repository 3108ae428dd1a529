#!/usr/bin/env python3
"""Reaches the ports of a playground, and its Docker daemon, from your own computer.

  python3 sandbox-tunnel.py ADDRESS TARGET...

ADDRESS  of a sandbox: https://sandbox.example.org/api/v1/sandboxes/abcdefghijklmnop
TARGET   5432           a port of the sandbox, at the same port of 127.0.0.1 here
         15432:5432     the same at another port here (0:5432 at any that is free)
         docker         its Docker daemon, at ~/.sandbox/ID.sock (on Windows at 127.0.0.1:2375)
         /tmp/d.sock:docker, 2375:docker   the same at another socket or port

Then use your own programs: psql -h 127.0.0.1, redis-cli, a browser at http://127.0.0.1:8080, or
  docker context create playground --docker host=unix://$HOME/.sandbox/ID.sock

The token is asked for, or read from SANDBOX_TOKEN, or from a file: --token-file FILE. It is one of the
playground's page (Use from your computer), or an API token. Never give it as an argument: everybody on
this computer sees the arguments of programs.

Every connection is a WebSocket of its own. A connection that was cut cannot go on, a new one can be made.
Needs Python 3.8 or newer and nothing else.
"""

import argparse
import asyncio
import base64
import contextlib
import getpass
import hashlib
import json
import os
import select
import signal
import socket
import ssl
import stat
import struct
import sys
import time
from urllib.parse import urlsplit

PIECE = 64 * 1024
PATIENCE = 20.0  # seconds until the server has answered a request
BINARY, CLOSE, PING, PONG = 2, 8, 9, 10  # RFC 6455, 5.2
ENDED = 4003  # status of a Close: the playground has ended
WORDS = {4001: "the program broke the connection off", 4002: "nothing was sent for two hours"}


class Refused(Exception):
    """The server's answer to a request for a connection, in its own words."""

    def __init__(self, status, code, detail):
        super().__init__(detail)
        self.status, self.code = status, code

    @property
    def is_final(self):
        """Whether no connection can be made any more: the token or the playground has ended."""
        return self.status in (401, 403, 404)


class Lost(Exception):
    """The server cannot be reached, or went away."""


def say(words):
    print(time.strftime("%H:%M:%S"), words, file=sys.stderr, flush=True)


class Server:
    """Where connections are asked for."""

    def __init__(self, address, token):
        parts = urlsplit(address.rstrip("/"))
        if parts.scheme not in ("http", "https") or not parts.hostname or "/api/v1/sandboxes/" not in parts.path:
            raise SystemExit("sandbox-tunnel: ADDRESS is like https://sandbox.example.org/api/v1/sandboxes/abcdefghijklmnop")
        self.host = parts.hostname
        self.port = parts.port or (443 if parts.scheme == "https" else 80)
        self.authority = parts.netloc.rpartition("@")[2]
        self.path = parts.path
        self.sandbox = parts.path.rsplit("/", 1)[-1]
        self.tls = ssl.create_default_context() if parts.scheme == "https" else None
        self.token = token

    async def ask(self, target):
        """Whether a program listens there."""
        reader, writer, status, headers = await self._request(target, ["Connection: close"])
        try:
            body = await read_body(reader, headers)
        finally:
            writer.close()
        if status != 200:
            raise refusal(status, body)
        return bool(json.loads(body)["listens"])

    async def connect(self, target):
        """A WebSocket to a target."""
        key = base64.b64encode(os.urandom(16)).decode()
        reader, writer, status, headers = await self._request(
            target, ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: " + key])
        if status == 101:
            proof = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
            if headers.get("sec-websocket-accept") != base64.b64encode(proof).decode():
                writer.close()
                raise Lost(f"{self.authority} does not speak WebSocket here. A proxy in between may not let it through.")
            return WebSocket(reader, writer)
        try:
            raise refusal(status, await read_body(reader, headers))
        finally:
            writer.close()

    async def _request(self, target, headers):
        try:
            return await asyncio.wait_for(self._send(target, headers), PATIENCE)
        except (asyncio.TimeoutError, TimeoutError):
            raise Lost(f"{self.authority} does not answer.") from None
        except ssl.SSLCertVerificationError as fault:
            raise Lost(f"{self.authority} has no certificate that this computer trusts: {fault.verify_message}.") from None
        except ssl.SSLError as fault:
            raise Lost(f"{self.authority} speaks no TLS here: {fault.reason or fault}.") from None
        except (OSError, EOFError, ValueError) as fault:
            number = getattr(fault, "errno", None)
            why = fault.strerror if isinstance(fault, socket.gaierror) else os.strerror(number) if number else ""
            raise Lost(f"{self.authority} cannot be reached{why and ': '}{why}.") from None

    async def _send(self, target, headers):
        reader, writer = await asyncio.open_connection(self.host, self.port, ssl=self.tls)
        try:
            writer.write("\r\n".join(
                [f"GET {self.path}/{target}/tunnel HTTP/1.1", "Host: " + self.authority, "Authorization: Bearer " + self.token, *headers, "", ""]).encode())
            await writer.drain()
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            answered = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
            return reader, writer, int(head[0].split(" ")[1]), answered
        except BaseException:
            writer.close()
            raise


async def read_body(reader, headers):
    """The body of an answer, at most 64 KiB of it."""
    with contextlib.suppress(EOFError, OSError, ValueError):
        if headers.get("transfer-encoding", "").lower() == "chunked":
            body = b""
            while len(body) < PIECE:
                size = int((await reader.readline()).split(b";")[0], 16)
                if size == 0:
                    break
                body += await reader.readexactly(size)
                await reader.readline()
            return body
        return await reader.readexactly(min(int(headers.get("content-length", 0)), PIECE))
    return b""


def refusal(status, body):
    """What an answer that is no connection says (RFC 9457)."""
    with contextlib.suppress(ValueError):
        problem = json.loads(body)
        if isinstance(problem, dict) and "detail" in problem:
            return Refused(status, problem.get("code", ""), problem["detail"])
    return Refused(status, "", f"The server answered {status}.")


class WebSocket:
    """The client's end of a WebSocket, for binary messages (RFC 6455)."""

    def __init__(self, reader, writer):
        self._reader, self._writer = reader, writer
        self.status, self.reason = None, ""

    async def send(self, data, kind=BINARY):
        """Sends a message. Its bytes are masked, as a client's have to be."""
        count = len(data)
        if count < 126:
            head = struct.pack("!BB", 0x80 | kind, 0x80 | count)
        elif count < 65536:
            head = struct.pack("!BBH", 0x80 | kind, 0x80 | 126, count)
        else:
            head = struct.pack("!BBQ", 0x80 | kind, 0x80 | 127, count)
        mask = os.urandom(4)
        pattern = (mask * (count // 4 + 1))[:count]
        masked = (int.from_bytes(data, "little") ^ int.from_bytes(pattern, "little")).to_bytes(count, "little")
        self._writer.write(head + mask + masked)
        await self._writer.drain()

    async def pieces(self):
        """The bytes of messages as they come, an empty piece for an empty message. Ends with the Close, or with Lost."""
        try:
            while True:
                first, length = await self._reader.readexactly(2)
                kind, is_final = first & 15, first & 128
                if length == 126:
                    length = struct.unpack("!H", await self._reader.readexactly(2))[0]
                elif length == 127:
                    length = struct.unpack("!Q", await self._reader.readexactly(8))[0]
                if kind == CLOSE:
                    body = await self._reader.readexactly(length)
                    self.status = struct.unpack("!H", body[:2])[0] if length >= 2 else 1005
                    self.reason = body[2:].decode("utf-8", "replace")
                    await self.send(body[:2], CLOSE)
                    return
                if kind == PING:
                    await self.send(await self._reader.readexactly(length), PONG)
                elif kind == PONG:
                    await self._reader.readexactly(length)
                else:
                    if length == 0 and is_final:
                        yield b""
                    while length > 0:
                        piece = await self._reader.read(min(length, PIECE))
                        if not piece:
                            raise EOFError
                        length -= len(piece)
                        yield piece
        except (EOFError, OSError):
            raise Lost("the connection to the server was lost") from None

    def abort(self):
        self._writer.transport.abort()


class Door:
    """Listens here for one target, and carries each connection there."""

    def __init__(self, server, target, where, over):
        self.server, self.target, self.where, self.over = server, target, where, over
        self.name = "docker" if target == "docker" else "port " + target.rpartition("/")[2]
        self._open = set()
        self._said = {}

    def say(self, words):
        """Says the same thing once in ten seconds: many connections fail together."""
        now = time.monotonic()
        if now - self._said.get(words, -10.0) >= 10.0:
            self._said[words] = now
            say(f"{self.name}: {words}")

    async def listen(self):
        try:
            if isinstance(self.where, int):
                listening = await asyncio.start_server(self._accept, "127.0.0.1", self.where)
                self.where = listening.sockets[0].getsockname()[1]
                return listening
            prepare_socket(self.where)
            before = os.umask(0o177)
            try:
                return await asyncio.start_unix_server(self._accept, self.where)
            finally:
                os.umask(before)
        except OSError as fault:
            another = f" Use another one: {self.where + 10000}:{self.name.split()[-1]}" if isinstance(self.where, int) and self.where < 55536 else ""
            shown = f"127.0.0.1:{self.where}" if isinstance(self.where, int) else self.where
            raise SystemExit(f"sandbox-tunnel: cannot listen at {shown}: {fault.strerror or fault}.{another}") from None

    def _accept(self, reader, writer):
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _serve(self, reader, writer):
        try:
            await self._carry(reader, writer)
            writer.close()
            await writer.wait_closed()  # the program here has read all
        except Refused as refused:
            if refused.is_final:
                self.over(str(refused))
            else:
                self.say(str(refused))
        except Lost as lost:
            self.say(str(lost))
        except OSError:
            pass  # the program here left, or the one there did
        finally:
            writer.transport.abort()

    async def _connect(self):
        """A server that is being updated is back within seconds, and so is a Docker daemon that starts."""
        last = time.monotonic() + 10.0
        while True:
            try:
                return await self.server.connect(self.target)
            except Lost as lost:
                if time.monotonic() > last:
                    raise
                self.say(f"{lost} Trying again …")
            except Refused as refused:
                is_starting = refused.status == 503 or (refused.code == "port_closed" and self.target == "docker")
                if not is_starting or time.monotonic() > last:
                    raise
            await asyncio.sleep(0.3)

    async def _carry(self, reader, writer):
        tunnel = await self._connect()
        up = asyncio.ensure_future(self._up(reader, writer, tunnel))
        down = asyncio.ensure_future(self._down(tunnel, writer))
        try:
            done, _ = await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
            if done == {up} and not up.exception():
                await asyncio.wait({down})
            if tunnel.status == ENDED:
                self.over(tunnel.reason or "The playground has ended.")
            elif tunnel.status in WORDS:
                self.say(WORDS[tunnel.status])
            for done in (down, up):
                if done.done():
                    done.result()
        finally:
            tunnel.abort()
            for task in (up, down):
                task.cancel()
            await asyncio.gather(up, down, return_exceptions=True)

    async def _up(self, reader, writer, tunnel):
        data = b"."
        while data:
            data = await reader.read(PIECE)
            await tunnel.send(data)  # an empty one at the end
        # The program here may still read. A unix socket says when it does not, TCP only when something is sent.
        while isinstance(self.where, str) and not writer.transport.is_closing():
            await asyncio.sleep(1.0)
            watch = select.poll()
            watch.register(writer.get_extra_info("socket"), 0)
            if any(events & select.POLLHUP for _, events in watch.poll(0)):
                raise ConnectionResetError

    @staticmethod
    async def _down(tunnel, writer):
        async for piece in tunnel.pieces():
            if piece:
                writer.write(piece)
                await writer.drain()
            elif writer.can_write_eof():
                writer.write_eof()
        if tunnel.status != 1000:
            raise ConnectionResetError  # breaks the connection here off, too

    async def close(self):
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)


def prepare_socket(path):
    """Makes the directory, and removes a socket that a killed program left."""
    os.makedirs(os.path.dirname(os.path.abspath(path)), mode=0o700, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            raise SystemExit(f"sandbox-tunnel: {path} is there already and is no socket.")
        with socket.socket(socket.AF_UNIX) as tried:
            try:
                tried.connect(path)
            except OSError:
                os.unlink(path)
            else:
                raise SystemExit(f"sandbox-tunnel: another program listens at {path}.")


def read_target(text, server):
    """The target's path below the sandbox, and where to listen: a port of 127.0.0.1, or the path of a socket."""
    here, _, there = text.rpartition(":")
    if there == "docker":
        default = 2375 if os.name == "nt" else os.path.join(os.path.expanduser("~"), ".sandbox", server.sandbox + ".sock")
        where = default if not here else int(here) if here.isdigit() else here
        target = "docker"
    elif there.isdigit() and 1 <= int(there) <= 65535:
        where = int(here or there) if (here or there).isdigit() else here
        target = "ports/" + there
    else:
        raise SystemExit(f"sandbox-tunnel: '{text}' is no target. Write a port like 5432, LOCAL:PORT like 15432:5432, or docker.")
    if isinstance(where, int) and not 0 <= where <= 65535:
        raise SystemExit(f"sandbox-tunnel: '{text}': a port is 1 to 65535, or 0 for any that is free.")
    if isinstance(where, str) and os.name == "nt":
        raise SystemExit(f"sandbox-tunnel: '{text}': on Windows use a port here.")
    return target, where


def read_token(file):
    if file:
        try:
            with open(file, encoding="ascii") as opened:
                token = opened.read()
        except (OSError, ValueError) as fault:
            raise SystemExit(f"sandbox-tunnel: the token cannot be read from {file}: {fault}") from None
    else:
        token = os.environ.pop("SANDBOX_TOKEN", "")
        if not token:
            if not sys.stdin.isatty():
                raise SystemExit("sandbox-tunnel: set SANDBOX_TOKEN, or name a file with --token-file.")
            token = getpass.getpass("Token of the playground (it is not shown): ")
    token = token.strip()
    if not token or any(not "!" <= each <= "~" for each in token):
        raise SystemExit("sandbox-tunnel: this is no token. Copy it from the playground's page, Use from your computer.")
    return token


async def run(server, targets):
    loop = asyncio.get_running_loop()
    ended = loop.create_future()

    def over(words):
        if not ended.done():
            ended.set_result(words)

    for target, _ in targets:
        try:
            if not await server.ask(target):
                say("No Docker daemon listens yet." if target == "docker" else f"Nothing listens on port {target[6:]} yet.")
        except Refused as refused:
            if refused.status != 409:
                raise SystemExit(f"sandbox-tunnel: {refused}") from None
            say(str(refused))
        except Lost as lost:
            raise SystemExit(f"sandbox-tunnel: {lost}") from None

    with contextlib.suppress(NotImplementedError):
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, over, "")
    doors = [Door(server, target, where, over) for target, where in targets]
    listening = []
    try:
        for door in doors:
            listening.append(await door.listen())
            shown = f"127.0.0.1:{door.where}" if isinstance(door.where, int) else door.where
            say(f"{door.name} is at {shown}")
            if door.target == "docker":
                host = f"tcp://{shown}" if isinstance(door.where, int) else f"unix://{os.path.abspath(door.where)}"
                say(f"  docker context create NAME --docker host={host}; docker --context NAME ps")
        say("Ready. Ctrl-C ends it.")
        words = await ended
    finally:
        for each in listening:
            each.close()
        for door in doors[:len(listening)]:
            await door.close()
            if isinstance(door.where, str):
                with contextlib.suppress(OSError):
                    os.unlink(door.where)
    if words:
        raise SystemExit(f"sandbox-tunnel: {words}")


def main():
    parser = argparse.ArgumentParser(prog="sandbox-tunnel.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, usage=argparse.SUPPRESS)
    parser.add_argument("address", help=argparse.SUPPRESS)
    parser.add_argument("targets", nargs="+", help=argparse.SUPPRESS)
    parser.add_argument("--token-file", metavar="FILE", help="a file that holds the token")
    options = parser.parse_args()
    server = Server(options.address, "")
    targets = [read_target(text, server) for text in options.targets]
    server.token = read_token(options.token_file)
    try:
        asyncio.run(run(server, targets))
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
