"""What plugins in Python need beside their contract, whatever that is: go-plugin's handshake, the
services that its hosts ask for, AutoMTLS, and the way to the host. See PROTOCOL.md, section 14."""

import asyncio
import base64
import collections
import contextlib
import datetime
import json
import logging
import os
import sys
import tempfile

import grpc
from google.protobuf import any_pb2
from google.rpc import status_pb2
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

import goplugin_pb2
import goplugin_pb2_grpc
import mtls
from tenon import tenon_pb2, tenon_pb2_grpc

PIECE = 64 << 10
UNLIMITED = [("grpc.max_receive_message_length", -1)]  # the host sets the limit
DETAILS = "grpc-status-details-bin"


def main(app, version, register):
    """Serves what register(server, host) adds to a server, until the host asks the plugin to end."""
    if os.environ.get("TENON_APP") != app:
        sys.exit(f"This is a plugin of {app}. It is started by a program that uses it.")
    logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=[Log()])
    asyncio.run(serve(version, register))


async def serve(version, register):
    trust = os.environ.get("PLUGIN_CLIENT_CERT")
    own = mtls.Identity() if trust else None
    server = grpc.aio.server(interceptors=[Statuses()], options=UNLIMITED)
    host = Host(lambda target: mtls.channel(target, own, trust, UNLIMITED))
    register(server, host)
    goplugin_pb2_grpc.add_GRPCBrokerServicer_to_server(host, server)
    goplugin_pb2_grpc.add_GRPCControllerServicer_to_server(host, server)
    healthy = health.aio.HealthServicer()
    await healthy.set("plugin", health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(healthy, server)
    with tempfile.TemporaryDirectory(dir=os.environ.get("PLUGIN_UNIX_SOCKET_DIR") or None) as folder:
        path = os.path.join(folder, "plugin")
        mtls.listen(server, "unix:" + path, own, trust)
        await server.start()
        certificate = base64.b64encode(own.der).decode().rstrip("=") if own else ""
        print(f"1|{version}|unix|{path}|grpc|{certificate}", flush=True)
        await host.leaving.wait()
        await server.stop(1)


class Host(goplugin_pb2_grpc.GRPCBrokerServicer, goplugin_pb2_grpc.GRPCControllerServicer):
    """The host, as something to call."""

    def __init__(self, connect):
        self.connect, self.leaving = connect, asyncio.Event()
        self.channels = collections.defaultdict(asyncio.get_running_loop().create_future)

    async def StartStream(self, infos, context):
        """Is open until the host ends, or ends the plugin. Nothing is served to the host this way."""
        hearing, leaving = asyncio.create_task(self.hear(infos)), asyncio.create_task(self.leaving.wait())
        try:
            await asyncio.wait([hearing, leaving], return_when="FIRST_COMPLETED")
        finally:
            hearing.cancel()
            self.leaving.set()
        return
        yield

    async def hear(self, infos):
        """Notes at which addresses the host serves what. A channel is dialled when it is used."""
        async for info in infos:
            target = info.address if info.network == "tcp" else "unix:" + info.address
            if not self.channels[info.service_id].done():
                self.channels[info.service_id].set_result(self.connect(target))

    async def Shutdown(self, request, context):
        self.leaving.set()
        return goplugin_pb2.Empty()

    async def channel(self, context):
        """Where the host has its services and refs, as it says with each call."""
        where = dict(context.invocation_metadata()).get("tenon-host")
        if where is None:
            await context.abort(grpc.StatusCode.UNIMPLEMENTED, "the host is not one of Tenon")
        return await asyncio.wait_for(asyncio.shield(self.channels[int(where)]), 5)

    async def ask(self, stub, method, request, context):
        """The answer of a service of the host, or None if the host does not offer it."""
        if "tenon-host" not in dict(context.invocation_metadata()):
            return None
        try:
            return await getattr(stub(await self.channel(context)), method)(request)
        except grpc.aio.AioRpcError as e:
            if e.code() != grpc.StatusCode.UNIMPLEMENTED:
                raise

    async def read(self, ref, context):
        """All that a reader has."""
        reader = tenon_pb2_grpc.IOStub(await self.channel(context))
        pieces = reader.Drain(tenon_pb2.DrainRequest(), metadata=to(ref))
        return b"".join([piece.data async for piece in pieces])

    async def write(self, ref, value, context):
        """Writes all of a value to a writer."""
        writer = tenon_pb2_grpc.IOStub(await self.channel(context))
        done = 0
        while done < len(value):  # not by Fill, whose error asyncio's stubs may lose
            piece = tenon_pb2.WriteRequest(data=value[done : done + PIECE])
            done += (await writer.Write(piece, metadata=to(ref))).size


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def to(ref):
    """The metadata that calls a ref."""
    return [("tenon-ref", str(ref.id))]


def cause(name, text, fields=None, *causes):
    """What an error is: a sentinel, or a type with the message that its fields are in."""
    value = fields.SerializeToString() if fields else None
    return tenon_pb2.Cause(name=name, text=text, value=value, causes=causes)


class Failure(Exception):
    """An error whose identity the caller is to know, as cause has it."""

    def __init__(self, name, text, fields=None, *causes):
        super().__init__(text)
        self.cause = cause(name, text, fields, *causes)

    def details(self):
        code = grpc.StatusCode.UNKNOWN.value[0]
        error = tenon_pb2.Error(code=code, message=str(self), cause=self.cause)
        status = status_pb2.Status(code=code, message=str(self), details=[any_pb2.Any()])
        status.details[0].Pack(error)
        return ((DETAILS, status.SerializeToString()),)


class Statuses(grpc.aio.ServerInterceptor):
    """Answers a call with the error that its method raises: a Failure, or what it was answered with
    itself, which so keeps its identity."""

    async def intercept_service(self, continuation, details):
        handler = await continuation(details)
        if handler and handler.unary_unary:
            return handler._replace(unary_unary=self.guard(handler.unary_unary))
        return handler

    def guard(self, method):
        async def guarded(request, context):
            async with self.answered(context):
                return await method(request, context)

        return guarded

    @contextlib.asynccontextmanager
    async def answered(self, context):
        try:
            yield
        except NotImplementedError as e:  # of the generated base class
            await context.abort(grpc.StatusCode.UNIMPLEMENTED, str(e))
        except Failure as e:
            await context.abort(grpc.StatusCode.UNKNOWN, str(e), e.details())
        except grpc.aio.AioRpcError as e:
            details = tuple((k, v) for k, v in e.trailing_metadata() or () if k == DETAILS)
            await context.abort(e.code(), e.details(), details)


class Log(logging.StreamHandler):
    """Writes to standard error the lines that hosts take for log records."""

    def format(self, record):
        text, level = super().format(record), record.levelname.lower()
        time = datetime.datetime.fromtimestamp(record.created, datetime.timezone.utc)
        line = {"@timestamp": time.isoformat(), "@level": level, "@module": record.name, "@message": text}
        return json.dumps(line)
