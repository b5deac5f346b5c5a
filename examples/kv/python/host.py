"""A host in Python: it starts a plugin of examples/kv, in whatever language, and uses it.

    python host.py [--mtls] program [argument ...]
"""

import asyncio
import base64
import contextlib
import datetime
import os
import ssl
import sys
import tempfile

import grpc
from google.rpc import status_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc

import goplugin_pb2
import goplugin_pb2_grpc
import kv_pb2 as kv
import kv_pb2_grpc
import mtls
from tenon import tenon_pb2

REF = 1  # the number of the one thing that this host lends
CALL = [("tenon-host", "1")]  # goes with each call: the broker's id of what this host serves
NOW = datetime.datetime(2031, 5, 17, 12, tzinfo=datetime.timezone.utc)  # by this host's clock
VARIABLES = ("PATH", "HOME", "TMPDIR", "LANG")  # of its own that the plugin gets


class Problem(Exception):
    """What went wrong, for whoever has started the program."""


async def main(encrypted, command):
    with tempfile.TemporaryDirectory(prefix="kv-") as folder:
        own = mtls.Identity() if encrypted else None
        process = await start(command, own, folder)
        try:
            target, trust, rest = await asyncio.wait_for(handshake(process), 30)
            async with mtls.channel(target, own, trust) as channel:
                events = asyncio.Queue()
                async with serving(channel, events, "unix:" + os.path.join(folder, "host"), own, trust):
                    await use(channel, events)
                await leave(channel)
            await asyncio.wait_for(asyncio.gather(process.wait(), rest), 10)
            print("the plugin ended with", process.returncode)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


async def start(command, own, folder):
    env = {name: os.environ[name] for name in VARIABLES if name in os.environ}
    env |= {"TENON_APP": "kv", "PLUGIN_PROTOCOL_VERSIONS": "1", "PLUGIN_UNIX_SOCKET_DIR": folder}
    env |= {"PLUGIN_MIN_PORT": "10000", "PLUGIN_MAX_PORT": "25000"}
    if own:
        env["PLUGIN_CLIENT_CERT"] = own.pem.decode()
    return await asyncio.create_subprocess_exec(*command, env=env, stdout=asyncio.subprocess.PIPE)


async def handshake(process):
    """Where the plugin is, its certificate, and what passes on the rest that it prints."""
    async for line in process.stdout:
        if line.startswith(b"1|"):
            break
        print(line.decode(errors="replace"), end="")
    else:
        raise Problem("The plugin ended before it said where it is.")
    _, version, network, address, protocol, *more = line.decode().strip().split("|")
    if (version, protocol) != ("1", "grpc"):
        raise Problem(f"The plugin speaks version {version} of the app by {protocol}, not 1 by grpc.")
    target = address if network == "tcp" else "unix:" + address
    return target, pem(more[0]) if more and more[0] else None, asyncio.create_task(pass_on(process))


def pem(field):
    """The certificate of a handshake, whose padding go-plugin leaves out."""
    return ssl.DER_cert_to_PEM_cert(base64.b64decode(field + "=" * (-len(field) % 4)))


async def pass_on(process):
    async for line in process.stdout:
        print(line.decode(errors="replace"), end="")


@contextlib.asynccontextmanager
async def serving(channel, events, target, own, trust):
    """Serves what the plugin can call, and tells it where by the broker."""
    server = grpc.aio.server()
    kv_pb2_grpc.add_ClockServicer_to_server(Clock(), server)
    kv_pb2_grpc.add_StoreWatchOnChangeServicer_to_server(OnChange(events), server)
    mtls.listen(server, target, own, trust)
    await server.start()
    broker = goplugin_pb2_grpc.GRPCBrokerStub(channel).StartStream()
    network, address = target.split(":", 1)
    await broker.write(goplugin_pb2.ConnInfo(service_id=int(CALL[0][1]), network=network, address=address))
    try:
        yield
    finally:
        await server.stop(1)
        broker.cancel()


class Clock(kv_pb2_grpc.ClockServicer):
    async def Now(self, request, context):
        return kv.ClockNowResponse(result=NOW)


class OnChange(kv_pb2_grpc.StoreWatchOnChangeServicer):
    def __init__(self, events):
        self.events = events

    async def Call(self, request, context):
        if ("tenon-ref", str(REF)) not in context.invocation_metadata():
            await context.abort(grpc.StatusCode.NOT_FOUND, "there is no such ref")
        await self.events.put(request.e)
        return kv.StoreWatchOnChangeCallResponse()


async def use(channel, events):
    health = health_pb2_grpc.HealthStub(channel)
    answer = await health.Check(health_pb2.HealthCheckRequest(service="plugin"))
    print("health:", health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status))
    store = kv_pb2_grpc.StoreStub(channel)
    await store.Put(kv.StorePutRequest(key="greeting", value=b"hello"), metadata=CALL)
    print("get:", (await store.Get(kv.StoreGetRequest(key="greeting"), metadata=CALL)).result.decode())
    async for entry in store.List(kv.StoreListRequest(), metadata=CALL):
        print("list:", entry.result.key, entry.result.size, entry.result.modified.ToJsonString())
    try:
        await store.Get(kv.StoreGetRequest(key="nope"), metadata=CALL)
    except grpc.aio.AioRpcError as e:
        print("error:", e.details(), names(e))
    await watch(store, events)


async def watch(store, events):
    """Has the plugin call a function of this side."""
    request = kv.StoreWatchRequest(prefix="w/", on_change=tenon_pb2.Ref(id=REF))
    call = store.Watch(request, metadata=CALL)
    print("event:", await told(events, call))
    await store.Put(kv.StorePutRequest(key="w/a", value=b"22"), metadata=CALL)
    print("event:", await told(events, call))
    await store.Delete(kv.StoreDeleteRequest(key="w/a"), metadata=CALL)
    print("event:", await told(events, call))
    call.cancel()


async def told(events, call):
    """The next event, unless the call that it belongs to ends before."""
    event, end = asyncio.ensure_future(events.get()), asyncio.ensure_future(call.details())
    await asyncio.wait([event, end], return_when="FIRST_COMPLETED", timeout=30)
    if not event.done():
        raise Problem(f"The watch has told nothing: {end.result() if end.done() else 'it goes on'}")
    end.cancel()
    return f"{kv.Op.Name(event.result().op)} {event.result().entry.key}".strip()


def names(e):
    """What an error is, beside its text."""
    for detail in status_pb2.Status.FromString(dict(e.trailing_metadata())["grpc-status-details-bin"]).details:
        error = tenon_pb2.Error()
        if detail.Unpack(error):
            causes = [error.cause]
            while causes[-1].causes:
                causes.append(causes[-1].causes[0])
            return [cause.name for cause in causes]
    return []


async def leave(channel):
    """Asks the plugin to end, which it may do before it has answered."""
    try:
        await goplugin_pb2_grpc.GRPCControllerStub(channel).Shutdown(goplugin_pb2.Empty())
    except grpc.aio.AioRpcError as e:
        if e.code() not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED):
            raise


if __name__ == "__main__":
    arguments = sys.argv[1:]
    encrypted = arguments[:1] == ["--mtls"]
    if len(arguments) == encrypted:
        sys.exit(__doc__)
    try:
        asyncio.run(main(encrypted, arguments[encrypted:]))
    except (Problem, OSError) as e:
        sys.exit(str(e))
