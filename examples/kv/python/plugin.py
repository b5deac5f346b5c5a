"""A plugin of examples/kv in Python, without Subscribe, Snapshot, Restore and the limit on sizes."""

import asyncio
import logging

import goplugin
import kv_pb2 as kv
import kv_pb2_grpc


class Store(kv_pb2_grpc.StoreServicer):
    def __init__(self, host):
        self.host, self.entries, self.values, self.watchers = host, {}, {}, []

    async def Get(self, request, context):
        return kv.StoreGetResponse(result=self.find("get", request.key))

    async def Put(self, request, context):
        await self.set(request.key, request.value, context)
        return kv.StorePutResponse()

    async def Delete(self, request, context):
        self.find("delete", request.key)
        del self.values[request.key], self.entries[request.key]
        self.publish(kv.Event(op=kv.OP_DELETE, entry=kv.Entry(key=request.key)))
        return kv.StoreDeleteResponse()

    async def List(self, request, context):
        for key, entry in sorted(self.entries.items(), key=lambda item: item[0]):
            if key.startswith(request.prefix):
                yield kv.StoreListResponse(result=entry)

    async def Import(self, request, context):
        value = await self.host.read(request.r, context)
        await self.set(request.key, value, context)
        return kv.StoreImportResponse(size=len(value))

    async def Export(self, request, context):
        value = self.find("export", request.key)
        await self.host.write(request.w, value, context)
        return kv.StoreExportResponse(size=len(value))

    async def Watch(self, request, context):
        on_change = kv_pb2_grpc.StoreWatchOnChangeStub(await self.host.channel(context))
        events = asyncio.Queue()
        events.put_nowait(kv.Event(op=kv.OP_WATCH))
        self.watchers.append((request.prefix, events))
        try:
            while True:
                change = kv.StoreWatchOnChangeCallRequest(e=await events.get())
                await on_change.Call(change, metadata=goplugin.to(request.on_change))
        finally:
            self.watchers.remove((request.prefix, events))

    def find(self, op, key):
        if key in self.values:
            return self.values[key]
        at, why = kv.KeyError(op=op, key=key), goplugin.cause("kv.ErrNotFound", "key not found")
        raise goplugin.Failure("kv.KeyError", f'{op} "{key}": key not found', at, why)

    async def set(self, key, value, context):
        clock = await self.host.ask(kv_pb2_grpc.ClockStub, "Now", kv.ClockNowRequest(), context)
        now = clock.result if clock else goplugin.now()
        entry = kv.Entry(key=key, size=len(value), modified=now)
        self.values[key], self.entries[key] = value, entry
        self.publish(kv.Event(op=kv.OP_PUT, entry=entry))
        logging.info("stored %s", key)

    def publish(self, event):
        for prefix, events in self.watchers:
            if event.entry.key.startswith(prefix):
                events.put_nowait(event)


goplugin.main("kv", 1, lambda server, host: kv_pb2_grpc.add_StoreServicer_to_server(Store(host), server))
